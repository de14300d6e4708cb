import CLibCurl
import Glibc

/// Sends requests over libcurl, many at once, from one thread of its own.
///
/// Connections are kept and used again. Nothing is ever repeated by itself: the body goes through
/// a read function without a seek function, so libcurl cannot send it a second time; a reused
/// connection that dies after the body left gives `ambiguous` with code 65
/// (CURLE_SEND_FAIL_REWIND).
package final class CurlEngine: Sendable {
    private let queue: SubmissionQueue

    /// Starts the thread.
    ///
    /// - Parameter maximumInFlight: requests on the wire at once; further ones wait in order.
    package init(maximumInFlight: Int) {
        precondition(maximumInFlight > 0, "an engine needs room for a request")
        _ = Self.globalState
        queue = SubmissionQueue(maximumInFlight: maximumInFlight)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(queue)
        let failure = pthread_create(
            &thread, nil,
            { context in
                let queue = Unmanaged<SubmissionQueue>.fromOpaque(context!).takeRetainedValue()
                EngineLoop(queue).run()
                return nil
            }, context.toOpaque())
        precondition(failure == 0, "the system allows no further thread")
        pthread_detach(thread)
    }

    deinit { queue.stop() }

    /// Sends a request; waiting holds no thread.
    package func perform(_ request: HTTPRequest) async -> HTTPResult {
        await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
    }

    /// Sends a request and calls `completion` once, on the engine's thread: it must be quick.
    package func submit(
        _ request: consuming HTTPRequest, completion: @escaping @Sendable (HTTPResult) -> Void
    ) {
        queue.put(Submission(job: .http(request), completion: completion))
    }

    /// Hands a mail to an SMTP server; `response` carries the server's last reply code.
    package func sendMail(_ mail: MailRequest) async -> HTTPResult {
        await withCheckedContinuation { continuation in
            queue.put(
                Submission(job: .mail(mail)) { continuation.resume(returning: $0) })
        }
    }

    /// Takes no further requests: what waits is `notSent`, what is on the wire is finished.
    package func shutdown() { queue.stop() }

    /// libcurl's own start, once and before any thread uses it.
    private static let globalState: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
}
