/// Why the simulated carrier could not start or do what it was asked.
package enum CarrierError: Error, Equatable, CustomStringConvertible {
    case log(path: String, reason: String)
    case address(host: String, port: Int, reason: String)
    case knobs(reason: String)
    case number(String)

    package var description: String {
        switch self {
        case .log(let path, let reason):
            "The carrier's log \(path) cannot be written (\(reason)); give another with --log."
        case .address(let host, let port, let reason):
            "The carrier cannot listen on \(host):\(port) (\(reason)); choose another with --port."
        case .knobs(let reason):
            "The carrier's settings were not changed: \(reason)"
        case .number(let text):
            "\(text) is not a phone number; write it as +15555550100."
        }
    }
}
