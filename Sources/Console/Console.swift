import Foundation
import Hummingbird
import Logging
import Notices
import Store

/// The pages: for texters now, on one design system with those that follow.
///
/// ```swift
/// let console = try Console(store: PageStore(database: web, secret: secret), publicURL: url)
/// let router = console.router()          // add health checks and the like to it
/// // run `console.services` beside the server
/// ```
package struct Console: Sendable {
    let store: PageStore
    let pages: Pages
    let assets: Assets
    let publicURL: String
    let limits = Limits()
    let uploads: Uploads
    let taps: TapDesk
    let live: LiveHub
    let boards: BoardHub
    let notifier: Notifier?
    let pictures: Pictures?
    let logger: Logger

    /// - Parameters:
    ///   - publicURL: what volunteers open, without a trailing slash; cookie flags follow its
    ///     scheme.
    ///   - notifier: mail and Web Push; nil where neither is configured.
    ///   - pictures: how those of texts are fetched; nil: they are not shown.
    /// - Throws: a sentence if the files of the pages are missing or a template is wrong.
    package init(
        store: PageStore, publicURL: String, notifier: Notifier? = nil,
        pictures: Pictures? = nil, logger: Logger = Logger(label: "barnstorm.console")
    ) throws {
        self.store = store
        let desk = store.sendDesk
        taps = TapDesk { try await desk.tap($0, campaign: $1, organisation: $2) }
        live = LiveHub(store: store)
        boards = BoardHub(boards: store.boards)
        uploads = Uploads(store: store, logger: logger)
        self.publicURL = publicURL
        self.notifier = notifier
        self.pictures = pictures
        self.logger = logger
        assets = try Assets()
        pages = try Pages(assets: assets)
    }

    var isHTTPS: Bool { publicURL.hasPrefix("https://") }

    /// A router that has all pages; more may be added to it.
    package func router() -> Router<ConsoleContext> {
        let router = Router(context: ConsoleContext.self)
        add(to: router)
        return router
    }

    /// Adds all pages, each under the protections of reliability 6.2.
    package func add(to router: Router<ConsoleContext>) {
        let open = router.group()
            .add(middleware: SecurityHeaders(isHTTPS: isHTTPS))
            .add(middleware: CrossOriginProtection(origin: publicURL))
        AssetRoutes(console: self).add(to: open)
        let known = open.group().add(middleware: VisitorMiddleware(console: self))
        SignInRoutes(console: self).add(to: known)
        JoinRoutes(console: self).add(to: known)
        HelpRoutes(console: self).add(to: known)
        KeyRoutes(console: self).add(to: known)
        LessonRoutes(console: self).add(to: known)
        PracticeRoutes(console: self).add(to: known)
        LeadRoutes(console: self).add(to: known)
        LiveRoutes(console: self).add(to: known)
        SendRoutes(console: self).add(to: known)
        DebriefRoutes(console: self).add(to: known)
        InboxRoutes(console: self).add(to: known)
        ConversationRoutes(console: self).add(to: known)
        StaffSignInRoutes(console: self).add(to: known)
        PeopleRoutes(console: self).add(to: known)
        MediaRoutes(console: self).add(to: known)
        BoardRoutes(console: self).add(to: known)
        SteerRoutes(console: self).add(to: known)
        CampaignListRoutes(console: self).add(to: known)
        WizardRoutes(console: self).add(to: known)
        FollowRoutes(console: self).add(to: known)
        WhoStep(console: self).add(to: known)
        SayStep(console: self).add(to: known)
        AnswerStep(console: self).add(to: known)
        WhenStep(console: self).add(to: known)
        CheckStep(console: self).add(to: known)
        ExportRoutes(console: self).add(to: known)
        CrewRoutes(console: self).add(to: known)
        SuggestionRoutes(console: self).add(to: known)
        TeamRoutes(console: self).add(to: known)
        OurNumberRoutes(console: self).add(to: known)
        ReplyReviewRoutes(console: self).add(to: known)
        PieceRoutes(console: self).add(to: known)
        ComplianceRoutes(console: self).add(to: known)
        WhyRoutes(console: self).add(to: known)
        known.get("**") { request, context in notFound(request, context) }
        known.post("**") { request, context in notFound(request, context) }
    }
}
