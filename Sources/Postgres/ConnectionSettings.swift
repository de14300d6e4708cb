import CLibPQ
import Glibc

/// How to reach a server: a connection URL taken apart by libpq, and our defaults.
struct ConnectionSettings: Sendable {
    /// libpq's keywords and values, ours first: what the URL says comes later and wins.
    let options: [(name: String, value: String)]
    /// The role taken after connecting.
    let role: String?

    /// - Throws: ``PostgresError`` of kind `badURL`; the text never repeats the URL, which may
    ///   hold a password.
    init(url: String, role: String?, applicationName: String) throws {
        var message: UnsafeMutablePointer<CChar>?
        guard let parsed = PQconninfoParse(url, &message) else {
            PQfreemem(message)
            throw PostgresError(
                .badURL,
                "BARNSTORM_DATABASE_URL cannot be read; it looks like "
                    + "postgresql://user:password@host:5432/database.")
        }
        defer { PQconninfoFree(parsed) }
        var options = Self.defaults + [("application_name", applicationName)]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                let name = String(cString: keyword)
                options.removeAll { $0.name == name }
                options.append((name, String(cString: value)))
            }
            option += 1
        }
        options.removeAll { $0.name == "client_encoding" }
        options.append(("client_encoding", "UTF8"))
        self.options = Self.verifying(options)
        self.role = role
    }

    /// Adds what makes TLS verify the server, unless it is on this machine or somebody said
    /// otherwise: libpq's own default would speak to anyone.
    private static func verifying(
        _ options: [(name: String, value: String)]
    ) -> [(name: String, value: String)] {
        let host = options.last { $0.name == "host" || $0.name == "hostaddr" }?.value ?? "/"
        let isLocal =
            host.hasPrefix("/") || host.hasPrefix("127.") || ["localhost", "::1"].contains(host)
        let isSaid = options.contains { $0.name == "sslmode" } || getenv("PGSSLMODE") != nil
        guard !isLocal, !isSaid else { return options }
        let hasRoots =
            options.contains { $0.name == "sslrootcert" } || getenv("PGSSLROOTCERT") != nil
        let roots = ("sslrootcert", "/etc/ssl/certs/ca-certificates.crt")
        return options + [("sslmode", "verify-full")] + (hasRoots ? [] : [roots])
    }

    /// A dead peer is noticed within half a minute instead of hours.
    private static let defaults: [(name: String, value: String)] = [
        ("connect_timeout", "5"), ("tcp_user_timeout", "30000"), ("keepalives_idle", "30"),
        ("keepalives_interval", "10"), ("keepalives_count", "3"),
    ]

    /// Host, port and database, for sentences; no user, no password.
    var place: String {
        func option(_ name: String) -> String? { options.last { $0.name == name }?.value }
        let host = option("host") ?? option("hostaddr") ?? "the local socket"
        let port = option("port") ?? "5432"
        return "\(host), port \(port), database \(option("dbname") ?? "of the user's name")"
    }
}
