import Foundation
import Glibc

/// Sends bytes over one connection and reads until `end` appears or a minute passes.
func pipelined(port: Int, _ bytes: String, until end: String) throws -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard isConnected else { throw POSIXError(.ECONNREFUSED) }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(
        descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    _ = Array(bytes.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while !String(decoding: received, as: UTF8.self).contains(end) {
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { break }
        received.append(contentsOf: chunk[..<count])
    }
    return String(decoding: received, as: UTF8.self)
}
