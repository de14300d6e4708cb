import Foundation
import Notices
import Store

/// Brings sign-in codes to people: by text through the gateway itself, or by mail.
extension Console {
    /// What came of it; a failure is a sentence on the page.
    enum CodeDelivery {
        case sent(UUID)
        case failed(key: String)
    }

    /// Makes a code and sends it where the details say.
    ///
    /// - Parameters:
    ///   - pool: whose numbers the text comes from.
    ///   - path: where the code is typed. A mail carries it as a link with the code in it, which
    ///     still wants a press there: scanners of mail follow links, and burn none by that.
    func sendCode(
        organisation: Int32, organisationName: String, pool: String?, _ details: ProofDetails,
        path: (UUID) -> String
    ) async throws -> CodeDelivery {
        guard limits.account.allows("code \(details.login)") else {
            return .failed(key: "code_too_many")
        }
        let proof = try await store.proofs.makeCode(organisation: organisation, details)
        let words = pages.languages[details.language]
        // The last line lets phones fill the code in (WICG, SMS one-time codes).
        let domain = publicURL.split(separator: "/").last.map {
            $0.split(separator: ":").first ?? $0
        }
        let text = words("code_text", ["code": proof.code, "who": organisationName])
            .replacing("\u{2068}", with: "").replacing("\u{2069}", with: "")
        if details.isEmail {
            guard let mailer = notifier?.mailer,
                let mail = Mail(
                    to: details.login, subject: words("code_subject"),
                    text: "\(text)\n\n\(publicURL)\(path(proof.id))?code=\(proof.code)\n")
            else { return .failed(key: "code_no_mail") }
            return await mailer.send(mail) ? .sent(proof.id) : .failed(key: "code_mail_failed")
        }
        let body = isHTTPS ? "\(text)\n\n@\(domain ?? "") #\(proof.code)" : text
        let isOnItsWay = try await store.codes.send(
            organisation: organisation, number: details.login, body: body, pool: pool)
        return isOnItsWay ? .sent(proof.id) : .failed(key: "code_no_sender")
    }
}
