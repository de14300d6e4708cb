import Curl
import Foundation

/// Lists, read rarely: a doubt to settle, a gap to fill, a check of settings.
extension Twilio {
    /// `GET Messages.json`; DateSent filters whole GMT days. A text sent through a service may
    /// still lack its From, so that filter is left out there.
    package func lookUpRequest(_ query: LookUp) -> HTTPRequest? {
        if let page = query.page { return get(origin + page) }
        let (to, from) = query.inbound ? (query.from, query.to) : (query.to, query.from)
        var form = FormWriter()
        if !to.isEmpty { form.append("To", to) }
        let isService = !query.inbound && (query.service ?? service) != nil
        if !from.isEmpty, !isService { form.append("From", from) }
        form.append("DateSent", query.day)
        form.append("PageSize", 1_000)
        return get(accountURL + "/Messages.json?" + String(decoding: form.bytes, as: UTF8.self))
    }

    package func lookUpAnswer(_ response: HTTPResponse) throws -> LookUpPage {
        let list: MessageList = try decode(response)
        let texts = list.messages.map { item in
            let isInbound = item.direction == "inbound"
            return ListedText(
                providerID: item.sid, from: item.from ?? "", to: item.to ?? "", body: item.body,
                createdAt: item.date_created.flatMap(Self.seconds) ?? 0,
                status: isInbound ? nil : Self.deliveryStatus(item.status),
                code: item.error_code.map { String($0) }, isInbound: isInbound,
                key: isInbound ? Self.inboundKey(item.sid) : nil)
        }
        return LookUpPage(texts: texts, next: try Self.localPage(list.next_page_uri))
    }

    package func webhookAddressesRequest() -> HTTPRequest? {
        get(accountURL + "/IncomingPhoneNumbers.json?PageSize=1000")
    }

    /// Status addresses travel with each text, so only the inbound one stands at the number.
    package func webhookAddresses(
        in response: HTTPResponse
    ) throws -> [String: ConfiguredAddresses] {
        let list: NumberList = try decode(response)
        return Dictionary(
            list.incoming_phone_numbers.map { number in
                let inbound = number.sms_url.flatMap { $0.isEmpty ? nil : $0 }
                return (number.phone_number, ConfiguredAddresses(inbound: inbound, status: nil))
            },
            uniquingKeysWith: { first, _ in first })
    }

    private func decode<Answer: Decodable>(_ response: HTTPResponse) throws -> Answer {
        guard response.status == 200, !response.isTruncated else {
            throw ProviderAnswerError("The list was answered with HTTP status \(response.status).")
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(response.body))
        } catch {
            throw ProviderAnswerError("The list cannot be read as Twilio's JSON.")
        }
    }

    /// Only a path goes on: the credentials never follow an address out of an answer.
    private static func localPage(_ address: String?) throws -> String? {
        guard let address, !address.isEmpty else { return nil }
        guard address.hasPrefix("/"), !address.hasPrefix("//") else {
            throw ProviderAnswerError("The list goes on at an address that is no path.")
        }
        return address
    }

    /// RFC 2822 with a numeric zone, for example `Thu, 24 Aug 2023 05:01:45 +0000`.
    static func seconds(_ date: String) -> Double? {
        let strategy = Date.ParseStrategy(
            format:
                "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) \(timeZone: .iso8601(.short))",
            locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt)
        return (try? Date(date, strategy: strategy))?.timeIntervalSince1970
    }

    private struct MessageList: Decodable {
        var messages: [Item]
        var next_page_uri: String?

        struct Item: Decodable {
            var sid: String
            var from: String?
            var to: String?
            var body: String?
            var date_created: String?
            var direction: String
            var status: String
            var error_code: Int?
        }
    }

    private struct NumberList: Decodable {
        var incoming_phone_numbers: [Number]

        struct Number: Decodable {
            var phone_number: String
            var sms_url: String?
        }
    }
}
