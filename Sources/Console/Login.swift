import Notices
import Store
import Texting

/// A mobile number or an e-mail address, as somebody types it.
enum Login {
    case email(String)
    /// E.164.
    case number(String)
    /// The key of the sentence that says what is wrong.
    case wrong(String)

    init(_ text: String?, countries: [String]) {
        guard let text else { self = .wrong("login_missing"); return }
        if text.contains("@") {
            self = Mail.isAddress(text) ? .email(text.lowercased()) : .wrong("login_bad_email")
            return
        }
        switch PhoneNumber.parse(text, regions: countries) {
        case .invalid: self = .wrong("login_bad_number")
        case .number(let number) where number.type == .fixedLine: self = .wrong("login_landline")
        case .number(let number): self = .number(number.e164)
        }
    }

    /// The address in the form in which it is stored.
    var stored: String? {
        switch self {
        case .email(let text), .number(let text): text
        case .wrong: nil
        }
    }
}

extension ProofDetails {
    /// Enough of the address to know it again, not enough to read it over a shoulder.
    var hint: String {
        if isEmail {
            let parts = login.split(separator: "@")
            return "\(parts.first?.prefix(1) ?? "")…@\(parts.last ?? "")"
        }
        return "…\(login.suffix(2))"
    }
}
