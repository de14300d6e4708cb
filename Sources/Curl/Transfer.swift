import CLibCurl

/// One libcurl handle and the request it carries; used again and again.
///
/// Not Sendable: used on the engine's thread alone, which libcurl's callbacks run on too.
final class Transfer {
    let easy = curl_easy_init()!
    private var completion: (@Sendable (HTTPResult) -> Void)?
    private var headerList: HeaderList?
    private var recipients: HeaderList?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// What libcurl remembers from the last request, to set only what differs.
    private var last = Settings()
    private struct Settings: Equatable {
        var method = ""
        var hasBody = false
        var url = ""
        var protocols = ""
        var timeout = 0
        var connectTimeout = 0
    }
    private var carriesMail = false

    private var body: [UInt8] = []
    /// Octets of the body given to libcurl; from the first on, the request may have arrived.
    private var handedOver = 0
    private var gate: (@Sendable () -> Bool)?
    private var isGateClosed = false

    private var responseLimit = 0
    private var headerLines: [UInt8] = []
    private var responseBody: [UInt8] = []
    private var isTruncated = false

    init() { setUp() }

    deinit {
        curl_easy_cleanup(easy)
        errorText.deallocate()
    }

    /// Sets what holds for every request.
    private func setUp() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        shim_set_pointer(easy, CURLOPT_PRIVATE, context)
        shim_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        shim_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // HTTP/2 would let libcurl repeat refused streams by itself (curl #5074).
        shim_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        shim_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        shim_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        shim_set_long(easy, CURLOPT_TCP_NODELAY, 1)
        // Few requests should meet a connection that the other side is about to close.
        shim_set_long(easy, CURLOPT_MAXAGE_CONN, 60)
        shim_set_pointer(easy, CURLOPT_READDATA, context)
        shim_set_data_function(easy, CURLOPT_READFUNCTION, onRead)
        shim_set_pointer(easy, CURLOPT_WRITEDATA, context)
        shim_set_data_function(easy, CURLOPT_WRITEFUNCTION, onBody)
        shim_set_pointer(easy, CURLOPT_HEADERDATA, context)
        shim_set_data_function(easy, CURLOPT_HEADERFUNCTION, onHeader)
        shim_set_pointer(easy, CURLOPT_SOCKOPTDATA, context)
        shim_set_socket_function(easy) { context, socket, purpose in
            guard let context, purpose == CURLSOCKTYPE_IPCXN else { return CURL_SOCKOPT_OK }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            // Octets of a process that was stopped must not arrive minutes later.
            shim_limit_unacknowledged(socket, UInt32(clamping: transfer.last.timeout))
            return CURL_SOCKOPT_OK
        }
        // No low-speed limit: providers may think for 26 s, and the timeout ends a trickle.
    }

    /// Readies the handle; a result means that the request is refused without being sent.
    func prepare(_ submission: Submission, _ headers: HeaderListCache) -> HTTPResult? {
        clear()
        let refusal =
            switch submission.job {
            case .http(let request): prepare(request, headers)
            case .mail(let mail): prepare(mail)
            }
        if refusal == nil { completion = submission.completion }
        return refusal
    }

    private func clear() {
        handedOver = 0
        isGateClosed = false
        isTruncated = false
        headerLines.removeAll(keepingCapacity: true)
        responseBody = []
        errorText[0] = 0
    }

    private func prepare(_ request: HTTPRequest, _ headers: HeaderListCache) -> HTTPResult? {
        if carriesMail { reset() }
        guard let list = headers.list(request.headers) else {
            return refuse("A header line holds a control character.")
        }
        guard !request.url.utf8.contains(0), !request.method.utf8.contains(where: { $0 <= 32 })
        else { return refuse("The URL or the method holds a control character.") }
        if request.body.isEmpty, let gate = request.gate, !gate() { return .gateClosed }
        headerList = list
        shim_set_pointer(easy, CURLOPT_HTTPHEADER, list.pointer)
        set(request)
        body = request.body
        gate = request.gate
        responseLimit = request.responseLimit
        return nil
    }

    private func refuse(_ reason: String) -> HTTPResult {
        .notSent(code: Int32(CURLE_BAD_FUNCTION_ARGUMENT.rawValue), reason: reason)
    }

    /// Sets what differs from the last request.
    private func set(_ request: HTTPRequest) {
        let settings = Settings(
            method: request.method, hasBody: !request.body.isEmpty, url: request.url,
            protocols: request.allowedProtocols, timeout: request.timeout.inMilliseconds,
            connectTimeout: request.connectTimeout.inMilliseconds)
        if settings.url != last.url {
            shim_set_text(easy, CURLOPT_URL, settings.url)
            // A proxy for plain HTTP may repeat requests; tunnels for TLS cannot.
            let isPlain = settings.url.utf8.starts(with: "http:".utf8)
            shim_set_text(easy, CURLOPT_PROXY, isPlain ? "" : nil)
        }
        if settings.protocols != last.protocols {
            shim_set_text(easy, CURLOPT_PROTOCOLS_STR, settings.protocols)
        }
        if settings.timeout != last.timeout {
            shim_set_long(easy, CURLOPT_TIMEOUT_MS, settings.timeout)
        }
        if settings.connectTimeout != last.connectTimeout {
            shim_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout)
        }
        if settings.method != last.method || settings.hasBody != last.hasBody {
            let isGet = !settings.hasBody && settings.method == "GET"
            shim_set_long(easy, isGet ? CURLOPT_HTTPGET : CURLOPT_POST, 1)
            let isUsual = isGet || settings.method == "POST"
            shim_set_text(easy, CURLOPT_CUSTOMREQUEST, isUsual ? nil : settings.method)
        }
        shim_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        last = settings
    }

    private func reset() {
        curl_easy_reset(easy)
        last = Settings()
        carriesMail = false
        recipients = nil
        setUp()
    }

    private func prepare(_ mail: MailRequest) -> HTTPResult? {
        reset()
        carriesMail = true
        guard let recipients = HeaderList(mail.to.map { "<\($0)>" }), !mail.to.isEmpty,
            !([mail.from, mail.url, mail.user ?? "", mail.password ?? ""].joined()).utf8
                .contains(where: { $0 < 32 })
        else { return refuse("An address, the URL or the sign-in holds a control character.") }
        self.recipients = recipients
        last.timeout = mail.timeout.inMilliseconds
        shim_set_text(easy, CURLOPT_URL, mail.url)
        shim_set_text(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        shim_set_text(easy, CURLOPT_MAIL_FROM, "<\(mail.from)>")
        shim_set_pointer(easy, CURLOPT_MAIL_RCPT, recipients.pointer)
        shim_set_text(easy, CURLOPT_USERNAME, mail.user)
        shim_set_text(easy, CURLOPT_PASSWORD, mail.password)
        let security = mail.requiresTLS ? CURLUSESSL_ALL : CURLUSESSL_TRY
        shim_set_long(easy, CURLOPT_USE_SSL, Int(security.rawValue))
        shim_set_long(easy, CURLOPT_TIMEOUT_MS, last.timeout)
        shim_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000)
        shim_set_long(easy, CURLOPT_UPLOAD, 1)
        shim_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(mail.message.count))
        body = mail.message
        gate = nil
        responseLimit = 65_536
        return nil
    }

    // MARK: libcurl's callbacks

    /// Gives libcurl the next octets of the body; the gate stands before the first.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if handedOver == 0, let gate {
            self.gate = nil
            if !gate() { isGateClosed = true }
        }
        guard !isGateClosed else { return shim_read_abort }
        let count = min(buffer.count, body.count - handedOver)
        guard count > 0 else { return 0 }
        body.withUnsafeBytes {
            buffer.copyMemory(from: .init(rebasing: $0[handedOver..<handedOver + count]))
        }
        handedOver += count
        return count
    }

    /// Keeps header lines; a status line starts anew (100 Continue comes before the answer).
    func received(header line: UnsafeRawBufferPointer) -> Int {
        guard headerLines.count + line.count <= 65_536 else { return 0 }
        if line.starts(with: "HTTP/".utf8) {
            headerLines.removeAll(keepingCapacity: true)
        } else {
            headerLines.append(contentsOf: line)
        }
        return line.count
    }

    /// Keeps the body up to the limit, then ends the transfer.
    func received(body piece: UnsafeRawBufferPointer) -> Int {
        let room = responseLimit - responseBody.count
        guard piece.count > room else {
            responseBody.append(contentsOf: piece)
            return piece.count
        }
        responseBody.append(contentsOf: piece.prefix(room))
        isTruncated = true
        return 0
    }

    /// The verdict, and whom to tell.
    func finish(_ code: CURLcode) -> (HTTPResult, @Sendable (HTTPResult) -> Void) {
        defer {
            completion = nil
            gate = nil
            body = []
            responseBody = []
        }
        return (verdict(code), completion!)
    }

    private func verdict(_ code: CURLcode) -> HTTPResult {
        let status = shim_get_long(easy, CURLINFO_RESPONSE_CODE)
        let response =
            status == 0
            ? nil
            : HTTPResponse(
                status: status, headerLines: headerLines, body: responseBody,
                isTruncated: isTruncated)
        if let response, code == CURLE_OK || (isTruncated && code == CURLE_WRITE_ERROR) {
            return .response(response)
        }
        if isGateClosed { return .gateClosed }
        let number = Int32(code.rawValue)
        if isProvenUnsent(code, status) { return .notSent(code: number, reason: reason(code)) }
        return .ambiguous(code: number, reason: reason(code), partial: response)
    }

    /// Whether the request cannot have been processed.
    ///
    /// With a body the proof is our own count: a request whose announced body never began is
    /// incomplete for every server. Without one, libcurl's codes for look-up, connecting, TLS
    /// and a timeout before the request (`CURLINFO_PRETRANSFER_TIME_T` is 0) must do.
    private func isProvenUnsent(_ code: CURLcode, _ status: Int) -> Bool {
        if !body.isEmpty { return handedOver == 0 && (status == 0 || carriesMail) }
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_COULDNT_RESOLVE_PROXY,
            CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
            CURLE_PEER_FAILED_VERIFICATION:
            return true
        case CURLE_OPERATION_TIMEDOUT:
            return shim_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T) == 0
        default:
            return false
        }
    }

    private func reason(_ code: CURLcode) -> String {
        let detail = String(cString: errorText)
        return detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    }
}

/// The transfer and the memory that a callback is about.
private func with<Result>(
    _ context: UnsafeMutableRawPointer?, _ body: (Transfer) -> Result
) -> Result {
    body(Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue())
}

private let onRead: shim_data_function = { buffer, size, count, context in
    with(context) { $0.read(into: .init(start: buffer, count: size * count)) }
}

private let onHeader: shim_data_function = { line, size, count, context in
    with(context) { $0.received(header: .init(start: line, count: size * count)) }
}

private let onBody: shim_data_function = { piece, size, count, context in
    with(context) { $0.received(body: .init(start: piece, count: size * count)) }
}

extension Duration {
    /// Whole milliseconds, at least 1: libcurl takes 0 for "for ever".
    var inMilliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
