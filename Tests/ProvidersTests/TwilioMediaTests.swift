import Testing

@testable import Providers

/// A picture that came with a text is fetched from Twilio and from where Twilio keeps it, from
/// nowhere else: the address is in a webhook and in an answer, and neither is ours.
@Suite struct TwilioMediaTests {
    private static let base = "https://api.twilio.com/2010-04-01/Accounts/AC1"

    @Test func `credentials go to the account's own pictures and nowhere else`() throws {
        let twilio = try TwilioTests.twilio()

        let request = twilio.mediaRequest(
            Self.base + "/Messages/MM1/Media/ME1", isSentOn: false)

        #expect(request?.headers.contains { $0.hasPrefix("Authorization: ") } == true)
        for url in [
            "https://api.twilio.com.evil.example/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
            "https://api.twilio.com/2010-04-01/Accounts/AC2/Messages/MM1/Media/ME1",
            Self.base + "/Messages/../../AC2/Media/ME1", Self.base + "/Calls/CA1/Media/ME1",
            "http://169.254.169.254/latest/meta-data/",
        ] {
            #expect(twilio.mediaRequest(url, isSentOn: false) == nil, "\(url)")
        }
    }

    @Test(arguments: [
        "https://mms.twiliocdn.com/AC1/abc",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/abc?Signature=x",
        "https://s3.us-east-1.amazonaws.com/media.twiliocdn.com/AC1/abc",
    ])
    func `storage of Twilio's gets no credentials`(url: String) throws {
        let request = try TwilioTests.twilio().mediaRequest(url, isSentOn: true)

        #expect(request?.url == url)
        #expect(request?.headers.isEmpty == true)
        #expect(request?.allowedProtocols == "https")
    }

    @Test(arguments: [
        "http://mms.twiliocdn.com/AC1/abc", "https://twiliocdn.com.evil.example/abc",
        "https://user@mms.twiliocdn.com/abc", "https://mms.twiliocdn.com:8443/abc",
        "https://eviltwiliocdn.com/abc", "https://evil.s3.amazonaws.com/media.twiliocdn.com/abc",
        "https://s3foo.s3.amazonaws.com/media.twiliocdn.com/abc",
        "https://s3-external-1.amazonaws.com/evil/abc",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/../evil/abc",
        "https://ec2-1-2-3-4.compute.amazonaws.com/media.twiliocdn.com/abc",
        "https://127.0.0.1/media.twiliocdn.com/abc", "https://localhost/abc",
    ])
    func `no other place is asked`(url: String) throws {
        #expect(try TwilioTests.twilio().mediaRequest(url, isSentOn: true) == nil)
    }
}
