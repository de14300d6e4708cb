import Postgres

/// The part of the store that pages use, built once by whoever serves them.
package struct PageStore: Sendable {
    package let database: Database
    package let signIns: SignIns
    package let proofs: Proofs
    package let codes: SignInCodes
    package let volunteers: Volunteers
    package let desk: Desk
    package let reviews: Reviews
    package let subscriptions: Subscriptions
    package let sendDesk: SendDesk

    /// - Parameters:
    ///   - database: connections under the role `barnstorm_web`, which sees one organisation at a
    ///     time.
    ///   - numberKey: keys the hash of numbers; see ``InstallationSecret``.
    package init(database: Database, numberKey: [UInt8]) {
        self.database = database
        signIns = SignIns(database: database)
        proofs = Proofs(database: database)
        codes = SignInCodes(database: database, numberKey: numberKey)
        volunteers = Volunteers(database: database)
        desk = Desk(database: database)
        reviews = Reviews(database: database)
        subscriptions = Subscriptions(database: database)
        sendDesk = SendDesk(database: database)
    }
}
