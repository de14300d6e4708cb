import Foundation

/// Where `serve` listens.
struct ListenAddress: Sendable, Equatable {
    var host: String
    var port: Int
}

extension Settings {
    /// PostgreSQL as a libpq URL.
    ///
    /// - Throws: ``CommandFailure``, code 64, where it is not set or no such URL.
    func databaseURL() throws -> String {
        guard let url = value("DATABASE_URL") else {
            throw CommandFailure.usage(
                "No database is configured; set BARNSTORM_DATABASE_URL (postgresql://…), "
                    + "or run 'barnstorm up', which brings its own.")
        }
        guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") else {
            throw CommandFailure.usage(
                "BARNSTORM_DATABASE_URL is not a postgresql:// address; correct it.")
        }
        return url
    }

    /// Default 127.0.0.1:8080; port 0 lets the system choose.
    func listen() throws -> ListenAddress {
        let text = value("LISTEN") ?? "127.0.0.1:8080"
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon > text.startIndex
        else {
            throw CommandFailure.usage(
                "BARNSTORM_LISTEN is not of the form ADDRESS:PORT, e.g. 127.0.0.1:8080.")
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return ListenAddress(host: host, port: port)
    }

    /// What providers sign and volunteers open, without a trailing slash.
    func publicURL() throws -> String {
        guard let text = value("PUBLIC_URL") else {
            let address = try listen()
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            return "http://\(host):\(address.port)"
        }
        guard let url = URL(string: text), let scheme = url.scheme, url.host?.isEmpty == false,
            scheme == "https" || scheme == "http", url.query == nil, url.fragment == nil
        else {
            throw CommandFailure.usage(
                "BARNSTORM_PUBLIC_URL is not an address like https://texts.example.org.")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// Key material of the installation; never in the database.
    func secretFile() throws -> String {
        guard let path = value("SECRET_FILE") else {
            throw CommandFailure.usage(
                "No secret file is configured; set BARNSTORM_SECRET_FILE to a path that only "
                    + "this user can read (it is created when missing).")
        }
        return path
    }
}
