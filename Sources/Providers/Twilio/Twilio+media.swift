import Curl
import Foundation

/// Pictures that came with texts.
extension Twilio {
    /// The most octets of a picture: Twilio takes up to 5 MB in.
    private static let mediaBytesMax = 5 * 1024 * 1024
    /// Whether an address is where Twilio keeps what it sends on to: hosts of its own, or its own
    /// bucket at a host that serves everybody's.
    ///
    /// Source: docs "Media resource"; the storage hosts as seen in its redirects.
    private static func isStorage(_ host: String, _ path: String) -> Bool {
        if host.hasSuffix(".twiliocdn.com") { return true }
        // `s3-external-1.amazonaws.com` or `s3.us-east-1.amazonaws.com`; in front of any other name
        // stands somebody's bucket, and no bucket has a name as short as "s3".
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isShared =
            labels.suffix(2) == ["amazonaws", "com"]
            && (labels.count == 3 && (labels[0] == "s3" || labels[0].hasPrefix("s3-"))
                || labels.count == 4 && labels[0] == "s3")
        return isShared && path.hasPrefix("/media.twiliocdn.com/")
    }

    /// `GET …/Messages/{sid}/Media/{sid}` with the account's credentials; storage gets none.
    package func mediaRequest(_ url: String, isSentOn: Bool) -> HTTPRequest? {
        if !isSentOn {
            guard url.hasPrefix(accountURL + "/Messages/"), url.contains("/Media/"),
                !url.contains("..")
            else { return nil }
            return HTTPRequest(
                method: "GET", url: url, headers: [authorization], timeout: .seconds(15),
                responseLimit: Self.mediaBytesMax)
        }
        guard let parts = URLComponents(string: url), parts.scheme == "https", parts.user == nil,
            parts.port == nil, let host = parts.host?.lowercased(),
            Self.isStorage(host, parts.path), !parts.path.contains("..")
        else { return nil }
        return HTTPRequest(
            method: "GET", url: url, timeout: .seconds(15), responseLimit: Self.mediaBytesMax,
            allowedProtocols: "https")
    }
}
