import Texting

/// What Twilio's error codes prove about a text, one line a code.
///
/// Source: twilio.com/docs/api/errors and the pages of single codes; the mark *(obs)* is behaviour
/// seen in public production code, not promised.
enum TwilioErrors {
    /// The outcome of a refused request by Twilio's own code; nil for codes we do not know.
    ///
    /// - Parameter pause: what `Retry-After` said, if it came.
    static func outcome(code: Int, pause: Duration?) -> SendOutcome? {
        let text = String(code)
        return switch code {
        // "Never processed and always safe to retry."
        case 20429: .unsent(code: text, pause: .account(after: pause))
        // The sender's queue holds ten hours of its rate: minutes help, milliseconds do not. (obs: 429)
        case 21611: .unsent(code: text, pause: .sender(after: pause ?? .seconds(60)))
        // More than 2,000 texts a second over the account and its subaccounts.
        case 63017: .unsent(code: text, pause: .account(after: pause))
        // Too many texts between two numbers: it looks like a loop.
        case 14107: .unsent(code: text, pause: .pair(after: pause ?? .seconds(60)))

        // Invalid; not a mobile number (three forms); not reachable from this number.
        case 21211, 21217, 21614, 21635, 21612: .rejected(code: text, kind: .recipient)
        // The person said STOP to this number or service.
        case 21610: .rejected(code: text, kind: .optedOut)

        // Credentials, account not active, permission, wrong path or account.
        case 20003, 20005, 10001, 20403, 20404: .unsent(code: text, pause: .accountClosed)
        // The sending number or its service is not usable: wrong, foreign, empty or unknown.
        case 21606, 21212, 21601, 21607, 21659, 21660, 21701, 21703, 21704, 21705:
            .unsent(code: text, pause: .sender(after: pause ?? .seconds(600)))
        // Region not enabled, trial account, no MMS on this number: the account has to be changed,
        // but other texts of the sender may go.
        case 21408, 21608, 21621, 21622:
            .unsent(code: text, pause: .pair(after: pause ?? .seconds(3_600)))

        // Content, media, callback, validity and schedule: a fault of ours or of the campaign.
        case 21602, 21617, 21620, 21623, 21609, 21624, 21654...21658, 35111...35118, 21266, 21603,
            21604:
            .rejected(code: text, kind: .message)

        // "SMS POSTs are not idempotent; after a 500 a retry may send twice."
        case 20500, 20503: .unknown(code: text)
        default: nil
        }
    }

    /// Why a text did not arrive, by a code of a refusal or of a status.
    ///
    /// Source: twilio.com/docs/api/errors: 30001 to 30036, and the 216xx of the send request.
    static func cause(_ code: String) -> FailureCause {
        switch Int(code) {
        case 21614, 21635, 30006: .landline
        case 30003, 30005, 30022, 30017, 21612: .unreachable
        case 30002, 30004, 30007, 30032, 30034, 30035, 30023, 30027: .blocked
        case 21211, 21217: .invalid
        case 21610: .optedOut
        case 30019, 21602, 21617, 21620, 21623: .content
        case 30036, 30410, 30001: .late
        default: .other
        }
    }

    /// Whether a status webhook's ErrorCode tells that the person stopped us over there.
    static func saysOptedOut(_ code: String) -> Bool { code == "21610" }
}
