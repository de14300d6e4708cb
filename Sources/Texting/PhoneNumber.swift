/// A telephone number that can be dialled from anywhere.
///
/// Numbers are read as libphonenumber reads them, from its metadata of the date in the table's
/// heading: punctuation, full-width and Arabic-Indic digits, `+`, exit codes such as `011`, national
/// prefixes such as `0`, letters for digits, and extensions. The documentation's page *Phone
/// numbers* has the limits.
package struct PhoneNumber: Sendable, Hashable, CustomStringConvertible {
    /// How sure the numbering plan is that the number exists.
    package enum Likelihood: String, Sendable, CaseIterable {
        /// The plan lists numbers like this.
        case valid
        /// As long as a number may be, but in no listed range; worth a warning, never a refusal:
        /// plans grow faster than tables.
        case unlikely
    }

    /// What kind of line a number belongs to, where the plan tells.
    package enum LineType: UInt8, Sendable, CaseIterable {
        case unknown, fixedLine, mobile
        /// The plan does not tell, as in North America.
        case fixedLineOrMobile
        case tollFree, premiumRate, sharedCost, voip, personalNumber, pager
        /// A company's number for a whole country.
        case universalAccess
        case voicemail
    }

    /// Why a text is no telephone number; the description is for the row of a report.
    package enum Fault: String, Error, Sendable, CaseIterable, CustomStringConvertible {
        case notANumber = "not_a_number"
        case countryMissing = "country_missing"
        case unknownCountryCode = "unknown_country_code"
        case tooShort = "too_short"
        case areaCodeMissing = "area_code_missing"
        case wrongLength = "wrong_length"
        case tooLong = "too_long"

        package var description: String {
            switch self {
            case .notANumber: "This is not a telephone number."
            case .countryMissing: "The number names no country; write it with + and country code."
            case .unknownCountryCode: "No country has this country code."
            case .tooShort: "The number has too few digits."
            case .areaCodeMissing: "The number lacks its area code."
            case .wrongLength: "No number of this country has as many digits."
            case .tooLong: "The number has too many digits."
            }
        }
    }

    /// What a text was read as.
    package enum Result: Sendable, Equatable {
        case number(PhoneNumber)
        case invalid(Fault)
    }

    /// `+`, country code and national number, at most 15 digits by ITU-T E.164; a few plans have more.
    package let e164: String
    /// ISO 3166 alpha-2, told apart where countries share a code; `nil` for +800 and the like.
    package let region: String?
    package let likelihood: Likelihood
    package let type: LineType
    /// What stood behind `x` or `ext.`; a text cannot be sent to an extension.
    package let `extension`: String?
    /// The number's calling code without `+`, for example 44.
    package let callingCode: Int

    package var description: String { e164 }

    /// Whether the plan says that this is a landline, which receives no texts in most countries.
    package var isLandline: Bool { type == .fixedLine }

    /// Reads a number, or nothing if `text` is none.
    ///
    /// - Parameter regions: ISO 3166 codes of the countries whose national formats to try, the
    ///   likeliest first; not needed for numbers that begin with `+`.
    package init?(_ text: String, regions: [String] = []) {
        guard case .number(let number) = Self.parse(text, regions: regions) else { return nil }
        self = number
    }

    /// Reads a number or tells why there is none.
    ///
    /// A *valid* reading in a later region is preferred to an *unlikely* one in an earlier; among
    /// faults, the first region's is told.
    package static func parse(_ text: String, regions: [String]) -> Result {
        guard let dialled = DialledNumber(text) else { return .invalid(.notANumber) }
        return parse(dialled, regions: regions)
    }

    /// The best of several columns, given in the order of trust.
    ///
    /// Texts reach mobile numbers, so a mobile number in a later column is preferred to one that may
    /// be fixed, that to fixed lines, those to unlikely numbers, and toll-free numbers and the like
    /// come last; among equals the earlier column wins. Empty columns do not count. Columns are read
    /// as ``found(in:regions:)`` does.
    ///
    /// - Returns: The number, or the fault of the first column that is not empty.
    package static func best(of columns: [String], regions: [String]) -> Result {
        var best: (number: PhoneNumber, rank: Int)?
        var fault: Fault?
        for column in columns where column.utf8.contains(where: { $0 > 0x20 }) {
            switch found(in: column, regions: regions) {
            case .number(let number):
                if best.map({ number.rank < $0.rank }) ?? true { best = (number, number.rank) }
                if number.rank == 0 { return .number(number) }
            case .invalid(let reason): fault = fault ?? reason
            }
        }
        return best.map { .number($0.number) } ?? .invalid(fault ?? .notANumber)
    }

    /// 0 is the likeliest to receive texts.
    private var rank: Int {
        guard likelihood == .valid else { return 3 }
        return switch type {
        case .mobile: 0
        case .fixedLineOrMobile: 1
        case .fixedLine, .voip, .personalNumber, .unknown: 2
        default: 4
        }
    }

    init(
        e164: String, region: String?, likelihood: Likelihood, type: LineType, extension: String?,
        callingCode: Int
    ) {
        self.e164 = e164
        self.region = region
        self.likelihood = likelihood
        self.type = type
        self.extension = `extension`
        self.callingCode = callingCode
    }
}
