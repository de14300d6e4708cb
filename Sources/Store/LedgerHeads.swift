import Foundation
import Postgres
import Secrets

/// A signed statement: at that time the log had so many lines and that root.
package struct SignedHead: Sendable, Codable, Equatable {
    package var organisation: Int32
    package var size: Int
    /// 64 hexadecimal digits.
    package var root: String
    /// ISO 8601 in UTC, whole seconds.
    package var signedAt: String
    /// First 16 hexadecimal digits of SHA-256 of the public key.
    package var keyID: String
    /// Ed25519 (RFC 8032) over ``statement``, 128 hexadecimal digits.
    package var signature: String

    enum CodingKeys: String, CodingKey {
        case organisation, size, root, signature
        case signedAt = "signed_at"
        case keyID = "key_id"
    }

    /// The bytes that are signed: five lines, each ended by a line feed.
    package var statement: [UInt8] {
        Array(
            """
            barnstorm ledger head, version 1
            \(organisation)
            \(size)
            \(root)
            \(signedAt)

            """.utf8)
    }

    package func isValid(_ key: Ed25519PublicKey) -> Bool {
        guard let bytes = [UInt8](hex: signature) else { return false }
        return keyID == Self.id(of: key) && key.isValid(signature: bytes, for: statement)
    }

    /// How a public key is named.
    package static func id(of key: Ed25519PublicKey) -> String {
        String(SHA256.hash(key.rawValue).hex.prefix(16))
    }
}

/// Signed heads of ledgers and where they were anchored; the only type that writes `tree_head`.
package struct LedgerHeads: Sendable {
    let database: Database
    private let key: Ed25519PrivateKey

    /// - Parameter seed: ``InstallationSecret/Purpose/signing``, 32 bytes.
    package init(database: Database, seed: [UInt8]) throws {
        self.database = database
        key = try Ed25519PrivateKey(rawValue: seed)
    }

    package var publicKey: Ed25519PublicKey { key.publicKey }

    /// Signs the log as it stands. Takes no lock that stops would wait for: lines are only added.
    package func sign(_ organisation: Int32, now: Date = Date()) async throws -> SignedHead {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.sign(organisation, key, now: now, on: connection)
        }
    }

    static func sign(
        _ organisation: Int32, _ key: Ed25519PrivateKey, now: Date, on connection: Connection
    ) async throws -> SignedHead {
        let size =
            try await connection.first(
                "SELECT coalesce(max(seq), 0) FROM ledger WHERE organisation_id = \(organisation)"
            ) { try $0.value(0) as Int } ?? 0
        let tree = LedgerTree(organisation: organisation, connection: connection)
        try await tree.keepNodes(upTo: size)
        let root = try await tree.root(size)
        let second = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        var head = SignedHead(
            organisation: organisation, size: size, root: root.hex,
            signedAt: second.formatted(.iso8601), keyID: SignedHead.id(of: key.publicKey),
            signature: "")
        let signature = key.sign(head.statement)
        head.signature = signature.hex
        try await connection.execute(
            """
            INSERT INTO tree_head (organisation_id, size, root, signed_at, key_id, signature)
            VALUES (\(organisation), \(size), \(root), \(second), \(head.keyID), \(signature))
            ON CONFLICT DO NOTHING
            """)
        return head
    }

    /// Heads in the order they were signed.
    package func list(_ organisation: Int32) async throws -> [SignedHead] {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.list(organisation, on: connection)
        }
    }

    static func list(
        _ organisation: Int32, on connection: Connection
    ) async throws -> [SignedHead] {
        try await connection.rows(
            """
            SELECT \(columns) FROM tree_head
            WHERE organisation_id = \(organisation) ORDER BY signed_at, size
            """
        ) { try head(organisation, $0) }
    }

    /// The head that covers a line: an anchored one if there is any, the earliest of them; nil before
    /// the next is signed.
    package func covering(_ line: Int, organisation: Int32) async throws -> SignedHead? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT \(Self.columns) FROM tree_head
                WHERE organisation_id = \(organisation) AND size >= \(line)
                ORDER BY anchored = '[]', signed_at, size LIMIT 1
                """
            ) { try Self.head(organisation, $0) }
        }
    }

    private static let columns: SQL = "size, root, signed_at, key_id, signature"

    private static func head(_ organisation: Int32, _ row: borrowing Row) throws -> SignedHead {
        SignedHead(
            organisation: organisation, size: try row.value(0),
            root: (try row.value(1) as [UInt8]).hex,
            signedAt: (try row.value(2) as Date).formatted(.iso8601), keyID: try row.value(3),
            signature: (try row.value(4) as [UInt8]).hex)
    }

    /// Writes down where a head went, outside the house.
    package func note(_ place: String, for head: SignedHead, now: Date = Date()) async throws {
        let mark = try JSONB(encoding: [["where": place, "at": now.formatted(.iso8601)]])
        let signedAt = try Date(head.signedAt, strategy: .iso8601)
        try await database.transaction(organisation: head.organisation) { connection in
            _ = try await connection.execute(
                """
                UPDATE tree_head SET anchored = anchored || \(mark)
                WHERE organisation_id = \(head.organisation) AND size = \(head.size)
                  AND signed_at = \(signedAt)
                """)
        }
    }

    /// Organisations whose newest anchored head is older than `age`, or which have none.
    package func unanchored(olderThan age: Duration, now: Date = Date()) async throws -> [Int32] {
        let before = now.addingTimeInterval(-Double(age.components.seconds))
        return try await database.rows(
            """
            SELECT o.id FROM organisation o WHERE NOT EXISTS (
                SELECT FROM tree_head h WHERE h.organisation_id = o.id
                  AND h.signed_at > \(before) AND h.anchored <> '[]')
            ORDER BY o.id
            """
        ) { try $0.value(0) as Int32 }
    }

    /// Whether the heads, and those kept outside, belong to one log that only grew.
    ///
    /// - Parameter outside: heads from anchor files or mails.
    /// - Returns: a sentence for each thing that is wrong.
    package func check(
        _ organisation: Int32, outside: [SignedHead] = []
    ) async throws -> [String] {
        let publicKey = key.publicKey
        return try await database.transaction(organisation: organisation) { connection in
            let inside = try await Self.list(organisation, on: connection)
            let lines =
                try await connection.first(
                    "SELECT coalesce(max(seq), 0) FROM ledger WHERE organisation_id = \(organisation)"
                ) { try $0.value(0) as Int } ?? 0
            var findings: [String] = []
            let own = outside.filter { $0.organisation == organisation }
            for head in inside + own where !head.isValid(publicKey) {
                findings.append(
                    "The head of size \(head.size) of \(head.signedAt) is not signed by our key.")
            }
            let tree = LedgerTree(organisation: organisation, connection: connection)
            for head in own {
                if head.size > lines {
                    findings.append(
                        "An anchored head counts \(head.size) lines; only \(lines) are left.")
                } else if try await tree.root(head.size).hex != head.root {
                    findings.append(
                        "The lines up to \(head.size) are not those of the head anchored at "
                            + "\(head.signedAt).")
                }
                if !inside.contains(head) {
                    findings.append("The head anchored at \(head.signedAt) is missing here.")
                }
            }
            return findings
        }
    }
}
