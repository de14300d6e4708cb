import Curl
import Foundation

/// Pictures that came with texts.
extension Twilio {
    /// The most octets of a picture: Twilio takes up to 5 MB in.
    private static let mediaBytesMax = 5 * 1024 * 1024
    /// Where Twilio keeps what it sends on to.
    /// Source: docs "Media resource"; the storage hosts as seen in its redirects.
    private static let storage = [".twiliocdn.com", ".amazonaws.com"]

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
            Self.storage.contains(where: host.hasSuffix)
        else { return nil }
        return HTTPRequest(
            method: "GET", url: url, timeout: .seconds(15), responseLimit: Self.mediaBytesMax,
            allowedProtocols: "https")
    }
}
