/// Speaks just enough SMTP on loopback and notes what it hears.
package struct MailServer: Sendable {
    private let server: TestServer
    private let heard = Box<[String]>([])

    /// Lines as they came, commands and words alike.
    package var lines: [String] { heard.value }
    package var port: UInt16 { server.port }
    package var connectionCount: Int { server.connectionCount }

    /// - Parameter recipientReply: what is said to each recipient.
    package init(recipientReply: String = "250 ok") throws {
        let heard = heard
        server = try TestServer { peer in
            peer.write("220 test\r\n")
            var isData = false
            while let line = peer.readLine() {
                heard.change { $0.append(line) }
                if isData {
                    if line == "." {
                        isData = false
                        peer.write("250 queued\r\n")
                    }
                    continue
                }
                switch line.prefix(4).uppercased() {
                case "EHLO": peer.write("250-test\r\n250 8BITMIME\r\n")
                case "RCPT": peer.write(recipientReply + "\r\n")
                case "DATA":
                    isData = true
                    peer.write("354 go on\r\n")
                case "QUIT": peer.write("221 bye\r\n")
                default: peer.write("250 ok\r\n")
                }
            }
        }
    }
}
