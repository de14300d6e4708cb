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
    package let members: Members
    package let credentials: Credentials
    package let staffLinks: StaffLinks
    package let campaigns: Campaigns
    package let campaignRows: CampaignRows
    package let drafts: CampaignDrafts
    package let estimates: Estimates
    package let launches: Launches
    package let preflight: Preflight
    package let imports: Imports
    package let selections: Selections
    package let secret: InstallationSecret
    package let ledger: Ledger
    package let histories: Histories
    package let reveals: Reveals
    package let boards: Boards
    package let undos: Undos
    package let personLinks: PersonLinks
    package let optOutLists: OptOutLists
    package let cases: Cases
    package let holds: LegalHolds
    package let retention: Retention
    package let deletions: Deletions
    package let exports: Exports
    package let replyReviews: ReplyReviews
    package let numberHealth: NumberHealth
    package let crews: Crews
    package let teams: Teams
    package let suggestions: Suggestions

    /// - Parameters:
    ///   - database: connections under the role `barnstorm_web`, which sees one organisation at a
    ///     time.
    ///   - imports: connections of the same role for lists of people, at least three, so that a long
    ///     import leaves the pages theirs; nil shares `database`.
    ///   - presses: connections of the same role for presses of texters; nil shares `database`.
    ///   - passwordCost: log2 of scrypt's N; only tests give one.
    package init(
        database: Database, secret: InstallationSecret, imports: Database? = nil,
        presses: Database? = nil, passwordCost: Int? = nil
    ) {
        self.database = database
        self.secret = secret
        members = Members(database: database)
        credentials = Credentials(database: database, secret: secret, cost: passwordCost)
        staffLinks = StaffLinks(database: database)
        campaigns = Campaigns(database: database)
        campaignRows = CampaignRows(database: database)
        drafts = CampaignDrafts(database: database)
        estimates = Estimates(database: imports ?? database)
        launches = Launches(database: database)
        preflight = Preflight(database: database)
        self.imports = Imports(database: imports ?? database, secret: secret)
        selections = Selections(database: database)
        signIns = SignIns(database: database)
        proofs = Proofs(database: database)
        codes = SignInCodes(database: database, numberKey: secret.key(.numberHash))
        volunteers = Volunteers(database: database)
        desk = Desk(database: database)
        reviews = Reviews(database: database)
        subscriptions = Subscriptions(database: database)
        sendDesk = SendDesk(database: database, presses: presses)
        ledger = Ledger(database: database)
        histories = Histories(database: database, numberKey: secret.key(.numberHash))
        reveals = Reveals(database: database)
        boards = Boards(database: database)
        undos = Undos(database: database)
        personLinks = PersonLinks(database: database)
        optOutLists = OptOutLists(database: database, numberKey: secret.key(.numberHash))
        cases = Cases(database: database, key: secret.key(.people))
        holds = LegalHolds(database: database)
        retention = Retention(database: database)
        deletions = Deletions(database: database)
        exports = Exports(database: database)
        replyReviews = ReplyReviews(database: database)
        numberHealth = NumberHealth(database: database)
        crews = Crews(database: database)
        teams = Teams(database: database)
        suggestions = Suggestions(database: database)
    }
}
