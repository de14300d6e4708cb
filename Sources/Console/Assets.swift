import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What pages load: styles, modules, icon and worker, held in memory as written.
///
/// An address carries a hash of the content, so a browser may keep it for ever and still never
/// shows an old one. It stands in the path, so that modules that import each other stay together.
struct Assets: Sendable {
    struct Asset: Sendable {
        let body: ByteBuffer
        let type: String
    }

    private let assets: [String: Asset]
    /// Changes with any asset; names the service worker's cache.
    let version: String

    /// - Throws: ``MissingFiles``.
    init() throws {
        var files = try Files.all(in: "Assets")
        // One style sheet on the wire: each file is a chapter of it.
        let chapters = [
            "tokens", "base", "pieces", "boards", "organiser", "figures", "compliance", "print",
        ].compactMap { files["\($0).css"] }
        files["style.css"] = chapters.reduce(Data(), +)
        version = Self.hash(files.sorted { $0.key < $1.key }.map(\.value).reduce(Data(), +))
        assets = Dictionary(
            uniqueKeysWithValues: files.map { name, data in
                (name, Asset(body: ByteBuffer(bytes: data), type: Self.type(name)))
            })
    }

    /// The address of one, to be written into a page.
    func address(_ name: String) -> String { "/assets/\(version)/\(name)" }

    /// Bytes of all scripts together: the budget of the pages.
    var scriptBytes: Int {
        assets.filter { $0.key.hasSuffix(".js") }.map(\.value.body.readableBytes).reduce(0, +)
    }

    func text(_ name: String) -> String? { assets[name].map { String(buffer: $0.body) } }

    var names: [String] { assets.keys.sorted() }

    /// - Parameter keeps: whether the address names this version, so that a browser may keep it.
    func response(_ name: String, keeps: Bool) -> Response? {
        guard let asset = assets[name] else { return nil }
        return Response(
            status: .ok,
            headers: [
                .contentType: asset.type,
                .cacheControl: keeps ? "public, max-age=31536000, immutable" : "no-cache",
            ], body: ResponseBody(byteBuffer: asset.body))
    }

    private static func type(_ name: String) -> String {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        default: "application/octet-stream"
        }
    }

    /// FNV-1a: tells versions apart; nothing depends on it being hard to forge.
    private static func hash(_ data: Data) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in data { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(value, radix: 36)
    }
}
