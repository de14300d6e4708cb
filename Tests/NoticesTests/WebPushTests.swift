import Curl
import Foundation
import Secrets
import Testing

@testable import Notices

/// Encryption and signatures of Web Push, against published values.
@Suite struct WebPushTests {
    /// RFC 8291, appendix A: all values of the example.
    @Test func `a notice is encrypted as in the example of RFC 8291`() throws {
        let subscription = PushSubscription(
            endpoint: "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
            publicKey: [UInt8](
                base64URL:
                    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
            )!,
            secret: [UInt8](base64URL: "BTBZMqHH6r4Tts7J_aSIgg")!)
        let key = try P256PrivateKey(
            rawValue: [UInt8](base64URL: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")!)

        let body = try PushEncryption.encrypt(
            Array("When I grow up, I want to be a watermelon".utf8), for: subscription, key: key,
            salt: [UInt8](base64URL: "DGv6ra1nlYgDCS1FRnbzlw")!)

        #expect(
            body.base64URL == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
                + "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLV"
                + "BSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
    }

    /// RFC 8292, sections 2 and 3: a signed token for that push service, and our key beside it.
    @Test func `the token is signed for the push service and ends within a day`() throws {
        let key = P256PrivateKey()
        let push = WebPush(
            key: key, contact: "mailto:ops@example.org", engine: CurlEngine(maximumInFlight: 1))
        let line = push.authorization(
            "https://push.example.net", at: .init(timeIntervalSince1970: 1_795_300_000))

        let token = try #require(line.split(separator: " ").dropFirst().first).dropFirst(2)
            .dropLast()
        let parts = token.split(separator: ".").map(String.init)
        let claims = String(decoding: [UInt8](base64URL: parts[1])!, as: UTF8.self)
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        #expect(key.publicKey.isValid(signature: [UInt8](base64URL: parts[2])!, for: signed))
        #expect(claims.contains(#""aud":"https://push.example.net""#))
        #expect(claims.contains(#""exp":1795343200"#))
        #expect(line.hasSuffix("k=\(key.publicKey.rawValue.base64URL)"))
    }

    @Test(arguments: [
        "a\nBcc: x@example.org", "two@at@signs", "<x@example.org>", "x y@example.org", "",
    ])
    func `an address that could smuggle a header in makes no mail`(address: String) {
        #expect(Mail(to: address, subject: "s", text: "t") == nil)
    }

    @Test func `words of any language survive the mail`() throws {
        let mail = try #require(Mail(to: "x@example.org", subject: "Eich côd ŵ", text: "¡Sí!\nŵ"))
        let lines = String(decoding: mail.bytes(from: "a@example.org"), as: UTF8.self)
            .components(separatedBy: "\r\n")
        let body = try #require(lines.last { !$0.isEmpty })
        #expect([UInt8](base64: body).map { String(decoding: $0, as: UTF8.self) } == "¡Sí!\r\nŵ")
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } && $0.utf8.count <= 998 })
    }
}
