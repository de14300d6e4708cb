import NIOCore

/// The provider's Message document: every value but the nulls is a string.
struct CarrierMessageDocument {
    /// Words as they are, or as they stand in the log: the inside of a JSON string.
    enum Words {
        case plain([UInt8])
        case escaped([UInt8])
    }

    let account: String
    let sid: [UInt8]
    var body = Words.plain([])
    var created: [UInt8] = []
    var sent: [UInt8]?
    var updated: [UInt8]?
    var direction: StaticString = "outbound-api"
    var errorCode: UInt16 = 0
    var from: [UInt8]?
    var service: [UInt8]?
    var mediaCount = 0
    var segments = 1
    var status: String = "queued"
    var to: [UInt8] = []

    init(account: String, sid: [UInt8]) { (self.account, self.sid) = (account, sid) }

    func write(into document: inout ByteBuffer) {
        document.writeStaticString(#"{"account_sid": ""#)
        document.writeString(account)
        document.writeStaticString(#"", "api_version": "2010-04-01", "body": "#)
        switch body {
        case .plain(let bytes): document.writeJSON(bytes)
        case .escaped(let bytes):
            document.writeInteger(UInt8(ascii: "\""))
            document.writeBytes(bytes)
            document.writeInteger(UInt8(ascii: "\""))
        }
        writeDates(into: &document)
        writeCounts(into: &document)
        document.writeStaticString(#", "sid": "#)
        document.writeJSON(sid)
        document.writeStaticString(#", "status": ""#)
        document.writeString(status)
        document.writeStaticString(#"", "subresource_uris": {"media": ""#)
        writePath(into: &document)
        document.writeStaticString(#"/Media.json"}, "tags": null, "to": "#)
        document.writeJSON(to)
        document.writeStaticString(#", "uri": ""#)
        writePath(into: &document)
        document.writeStaticString(#".json"}"#)
    }

    private func writeDates(into document: inout ByteBuffer) {
        document.writeStaticString(#", "date_created": "#)
        document.writeJSON(created)
        document.writeStaticString(#", "date_sent": "#)
        document.writeJSON(sent)
        document.writeStaticString(#", "date_updated": "#)
        document.writeJSON(updated ?? created)
        document.writeStaticString(#", "direction": ""#)
        document.writeStaticString(direction)
        document.writeStaticString(#"", "error_code": "#)
        if errorCode == 0 {
            document.writeStaticString("null")
        } else {
            document.writeDecimal(errorCode)
        }
        document.writeStaticString(#", "error_message": null, "from": "#)
        document.writeJSON(from)
    }

    private func writeCounts(into document: inout ByteBuffer) {
        document.writeStaticString(#", "messaging_service_sid": "#)
        document.writeJSON(service)
        document.writeStaticString(#", "num_media": ""#)
        document.writeDecimal(mediaCount)
        document.writeStaticString(#"", "num_segments": ""#)
        document.writeDecimal(segments)
        document.writeStaticString(#"", "price": null, "price_unit": "USD""#)
    }

    private func writePath(into document: inout ByteBuffer) {
        document.writeStaticString("/2010-04-01/Accounts/")
        document.writeString(account)
        document.writeStaticString("/Messages/")
        document.writeBytes(sid)
    }
}
