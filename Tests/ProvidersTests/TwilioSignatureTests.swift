import Secrets
import Testing

@testable import Providers

/// Vectors: the token, address and parameters of Twilio's public SDK tests; the signatures were
/// recomputed with Python's hmac module.
@Suite struct TwilioSignatureTests {
    let signature = TwilioSignature(
        publicURL: "https://mycompany.com", tokens: ["12345"], sharedKey: nil)
    static let target = "/myapp.php?foo=1&bar=2"
    static let body =
        "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212"
        + "&Caller=%2B14158675309"

    static func webhook(
        _ signature: String, target: String = target, body: String = body,
        type: String = "application/x-www-form-urlencoded", settings: String? = nil
    ) -> Webhook {
        var headers = [
            (name: "content-type", value: type), (name: "x-twilio-signature", value: signature),
        ]
        if let settings {
            headers.append((name: "X-Twilio-Webhooks-Signature-Settings", value: settings))
        }
        return Webhook(method: "POST", target: target, headers: headers, body: Array(body.utf8))
    }

    @Test func `a signature over address and parameters is genuine`() {
        #expect(signature.isGenuine(Self.webhook("RSOYDt4T1cUTdK1PDd93/VVr8B8=")))
    }

    @Test func `a signature over the address with its port is genuine too`() {
        let data =
            "https://mycompany.com:443" + Self.target + "CallSidCA1234567890ABCDE"
            + "Caller+14158675309Digits1234From+14158675309To+18005551212"
        let made = HMAC.sha1(key: Array("12345".utf8), Array(data.utf8)).base64

        #expect(signature.isGenuine(Self.webhook(made)))
    }

    @Test(arguments: [
        "RSOYDt4T1cUTdK1PDd93/VVr9B8=", "", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "?",
    ])
    func `any other signature is not`(text: String) {
        #expect(!signature.isGenuine(Self.webhook(text)))
    }

    @Test func `a changed parameter, address or token breaks it`() {
        let genuine = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        let other = TwilioSignature(
            publicURL: "https://mycompany.com", tokens: ["12346"], sharedKey: nil)

        #expect(!signature.isGenuine(Self.webhook(genuine, body: Self.body + "&More=1")))
        #expect(!signature.isGenuine(Self.webhook(genuine, target: "/myapp.php?foo=1&bar=3")))
        #expect(!other.isGenuine(Self.webhook(genuine)))
    }

    @Test func `the token before a rotation still holds`() {
        let rotating = TwilioSignature(
            publicURL: "https://mycompany.com", tokens: ["new", "12345"], sharedKey: nil)

        #expect(rotating.isGenuine(Self.webhook("RSOYDt4T1cUTdK1PDd93/VVr8B8=")))
    }

    @Test func `a JSON body is bound by its hash in the address`() {
        let target =
            Self.target
            + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
        let body = #"{"property": "value", "boolean": true}"#
        let made = "a9nBmqA0ju/hNViExpshrM61xv4="

        #expect(
            signature.isGenuine(
                Self.webhook(made, target: target, body: body, type: "application/json")))
        #expect(
            !signature.isGenuine(
                Self.webhook(made, target: target, body: body + " ", type: "application/json")))
    }

    @Test func `names repeat with distinct values sorted, empty values count`() {
        let form = Form(Array("B=2&A=&B=1&B=2&C=x%20y+z".utf8))

        #expect(String(decoding: TwilioSignature.sorted(form), as: UTF8.self) == "AB1B2Cx y z")
    }

    @Test func `a shared key is taken by its id and known algorithm only`() {
        let keyed = TwilioSignature(
            publicURL: "https://mycompany.com", tokens: ["12345"],
            sharedKey: (sid: "webhooks_sharedkey_1", secret: "shh"))
        let data =
            "https://mycompany.com" + Self.target + "CallSidCA1234567890ABCDE"
            + "Caller+14158675309Digits1234From+14158675309To+18005551212"
        let made = HMAC.sha256(key: Array("shh".utf8), Array(data.utf8)).base64
        func isGenuine(_ settings: String) -> Bool {
            keyed.isGenuine(Self.webhook(made, settings: settings))
        }

        #expect(isGenuine("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"))
        #expect(!isGenuine("key=webhooks_sharedkey_2,algorithm=HMAC_SHA256"))
        #expect(!isGenuine("key=webhooks_sharedkey_1,algorithm=HMAC_SHA512"))
        #expect(!isGenuine("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1"))
        #expect(!isGenuine("nonsense"))
        #expect(
            !signature.isGenuine(
                Self.webhook(made, settings: "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256")))
    }

    @Test(arguments: [
        ("https://a.example", ["https://a.example:443", "https://a.example"], ""),
        ("http://a.example/", ["http://a.example:80", "http://a.example"], ""),
        ("http://127.0.0.1:8080", ["http://127.0.0.1:8080", "http://127.0.0.1"], ""),
        ("https://a.example/texts/", ["https://a.example:443", "https://a.example"], "/texts"),
        ("https://[::1]:8443", ["https://[::1]:8443", "https://[::1]"], ""),
    ])
    func `the public address has two forms`(url: String, origins: [String], path: String) {
        #expect(PublicAddress(url).origins == origins)
        #expect(PublicAddress(url).path == path)
    }

    @Test func `a path that the proxy took off is signed all the same`() {
        let behind = TwilioSignature(
            publicURL: "https://a.example/texts", tokens: ["12345"], sharedKey: nil)
        let made = HMAC.sha1(
            key: Array("12345".utf8), Array("https://a.example/texts/hooks/xA1".utf8)
        ).base64

        #expect(behind.isGenuine(Self.webhook(made, target: "/hooks/x", body: "A=1")))
        #expect(behind.isGenuine(Self.webhook(made, target: "/texts/hooks/x", body: "A=1")))
    }
}
