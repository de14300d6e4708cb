import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Texting

/// `/o/c/ID/who`: the list, from a file to people who may be texted.
struct WhoStep: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/who") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await show(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/who") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await rename(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/who/upload") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await receive(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/who/paste") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await paste(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/who/undo") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await undo(request, context, visitor, draft)
            }
        }
        router.get("/o/c/{id}/list/{upload}") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await look(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/list/{upload}") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await start(request, context, visitor, draft)
            }
        }
        router.get("/o/c/{id}/rejected/{import}") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await rejected(request, context, visitor, draft)
            }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        name: String? = nil, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let imports = try await console.store.imports.list(
            organisation: visitor.organisation, campaign: draft.campaign.id)
        let shown = imports.filter { $0.state == .done || $0.state == .merging }
        return console.step(
            "organiser_who", request, context, draft, here: "who", error: error,
            [
                "name": name ?? draft.campaign.name, "people": words.number(draft.people),
                "has_people": draft.people > 0, "lists": shown.map { report($0, draft, words) },
            ])
    }

    private func report(
        _ report: ImportReport, _ draft: CampaignDraft, _ words: Words
    ) -> [String: Any] {
        func line(_ key: String, _ count: Int) -> [String: Any] {
            ["name": words("list_\(key)"), "count": words.number(count), "some": count > 0]
        }
        return [
            "id": report.id.text, "file": report.fileName,
            "age": words.age(report.createdAt, now: Date()),
            "open": report.state == .merging, "may_undo": draft.campaign.state == .draft,
            "figures": [
                line("read", report.read), line("good", report.good),
                line("duplicate", report.duplicate), line("household", report.household),
                line("opted_out", report.optedOut), line("landline", report.landline),
                line("unlikely", report.unlikely), line("rejected", report.rejected),
            ],
            "has_rejected": report.rejected > 0,
            "rejected": words("list_download", count: report.rejected),
            "has_doubles": report.duplicate > 0,
            "doubles": words("list_download_doubles", count: report.duplicate),
            "rejected_address": "/o/c/\(draft.campaign.id.text)/rejected/\(report.id.text)",
        ]
    }

    private func rename(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        do {
            try await console.store.drafts.rename(
                fields["name"] ?? "", of: draft.campaign.id, organisation: visitor.organisation,
                edition: fields["edition"].flatMap { Int($0) } ?? -1, by: visitor.id)
        } catch let conflict as EditConflict {
            return console.conflict(
                request, context, draft, here: .who, conflict,
                pairs: [(words("campaign_name"), draft.campaign.name, fields["name"] ?? "")],
                fields: ["name": fields["name"] ?? ""])
        } catch let wrong as InvalidInput {
            let key =
                ["campaign_name_missing", "name_taken"].contains(wrong.description)
                ? wrong.description : "campaign_over"
            return try await show(
                request, context, visitor, draft, name: fields["name"], error: words(key))
        }
        return console.redirect("/o/c/\(draft.campaign.id.text)/who")
    }

    /// Streams the file to disk; nothing is kept of one that breaks off.
    private func receive(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        do {
            let file = try await MultipartFile.receive(
                request, into: console.uploads.makeFolder())
            let id = await console.uploads.add(file, campaign: draft.campaign.id, visitor: visitor)
            return console.redirect("/o/c/\(draft.campaign.id.text)/list/\(id.text)")
        } catch let failure as MultipartFile.Failure {
            let key =
                switch failure {
                case .broken: "upload_broken"
                case .missing: "upload_missing"
                case .tooLarge: "upload_too_large"
                case .noRoom: "upload_no_room"
                }
            return try await show(request, context, visitor, draft, error: words(key))
        }
    }

    /// Rows copied out of a spreadsheet: the same as a file with them.
    private func paste(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let rows: String?
        do {
            rows = try await request.form(limit: Self.pasteBytesMax)["rows"]
        } catch is HTTPError {
            return try await show(request, context, visitor, draft, error: words("paste_too_long"))
        }
        guard let rows else {
            return try await show(request, context, visitor, draft, error: words("paste_missing"))
        }
        let path = "\(console.uploads.makeFolder())/\(UUID().uuidString.lowercased()).csv"
        let bytes = Array(rows.utf8)
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else {
            return try await show(request, context, visitor, draft, error: words("upload_no_room"))
        }
        let file = MultipartFile(
            path: path, name: words("paste_name"), bytes: bytes.count)
        let id = await console.uploads.add(file, campaign: draft.campaign.id, visitor: visitor)
        return console.redirect("/o/c/\(draft.campaign.id.text)/list/\(id.text)")
    }

    /// Some ten thousand rows; more come as a file.
    private static let pasteBytesMax = 4_000_000

    private func upload(
        _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async -> Uploads.Upload? {
        guard let id = context.parameters.get("upload").flatMap(UUID.init(uuidString:)),
            let upload = await console.uploads.find(id, organisation: visitor.organisation),
            upload.campaign == draft.campaign.id
        else { return nil }
        return upload
    }

    private func look(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        guard let upload = await upload(context, visitor, draft) else {
            return try await show(
                request, context, visitor, draft, error: words("upload_gone"))
        }
        switch upload.stage {
        case .waiting:
            return try columns(request, context, visitor, draft, upload)
        case .running(let progress):
            let share = progress.total > 0 ? progress.done * 100 / progress.total : 0
            return console.step(
                "organiser_progress", request, context, draft, here: "who",
                [
                    "refresh": 2, "file": upload.file.name, "share": min(100, share),
                    "phase": words("phase_\(progress.phase.rawValue)"),
                    "done": words.number(progress.done), "total": words.number(progress.total),
                    "is_counted": progress.total > 0,
                ])
        case .done:
            return console.redirect("/o/c/\(draft.campaign.id.text)/who")
        case .failed(let reason) where upload.file.path.isEmpty:
            // Not a file but people of an earlier campaign: there is nothing to put right.
            let known = Set(["nobody", "selecting"])
                .intersection([reason?.description ?? ""]).first
            let key = known.map { "follow_\($0)" } ?? "import_failed"
            return try await show(request, context, visitor, draft, error: words(key))
        case .failed(let reason):
            return try columns(
                request, context, visitor, draft, upload,
                error: reason.map { words.fault($0, file: upload.file) } ?? words("import_failed"))
        }
    }

    private func start(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        guard let upload = await upload(context, visitor, draft) else {
            return try await show(request, context, visitor, draft, error: words("upload_gone"))
        }
        if fields["drop"] != nil {
            await console.uploads.drop(upload.id, organisation: visitor.organisation)
            return console.redirect("/o/c/\(draft.campaign.id.text)/who")
        }
        guard let source = fields["source"] else {
            return try columns(
                request, context, visitor, draft, upload, fields: fields,
                error: words("consent_missing"))
        }
        var ignored: String?
        let (columns, _) = try preview(upload, visitor, words, &ignored)
        let choices = Self.choices(fields, columns)
        guard !choices.numbers.isEmpty else {
            return try self.columns(
                request, context, visitor, draft, upload, fields: fields,
                error: words("column_no_number"))
        }
        var order = ImportRequest(
            organisation: visitor.organisation, campaign: draft.campaign.id,
            path: upload.file.path, fileName: upload.file.name, consentSource: source)
        order.consentWording = fields["wording"] ?? ""
        order.choices = choices
        order.households = fields["households"] == "none" ? .none : .first
        order.createdBy = visitor.id
        await console.uploads.start(upload.id, order)
        return console.redirect(request.uri.path)
    }

    private func undo(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        guard draft.campaign.state == .draft, let id = fields.id("import") else {
            return console.notFound(request, context)
        }
        let imports = console.store.imports
        guard
            try await imports.list(
                organisation: visitor.organisation, campaign: draft.campaign.id
            ).contains(where: { $0.id == id })
        else { return console.notFound(request, context) }
        do {
            _ = try await imports.undo(id, organisation: visitor.organisation)
        } catch is InvalidInput {
            return try await show(request, context, visitor, draft, error: words("undo_too_late"))
        }
        try await console.store.drafts.listChanged(
            draft.campaign.id, organisation: visitor.organisation, by: visitor.id)
        return console.redirect("/o/c/\(draft.campaign.id.text)/who")
    }

    /// Rows that were left out, as they are read from the table: as many as there are.
    private func rejected(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let imports = console.store.imports
        let organisation = visitor.organisation
        guard let id = context.parameters.get("import").flatMap(UUID.init(uuidString:)),
            try await imports.list(organisation: organisation, campaign: draft.campaign.id)
                .contains(where: { $0.id == id })
        else { return console.notFound(request, context) }
        let isDoubles = request.query["doubles"] != nil
        let head = [
            words("reject_row"), words("reject_reason"),
            words(isDoubles ? "reject_other" : "reject_value"),
        ]
        let body = ResponseBody { writer in
            var bytes = Array("\u{FEFF}".utf8)
            CSVLine.append(head, to: &bytes)
            try await writer.write(ByteBuffer(bytes: bytes))
            var last = 0
            while true {
                let rows = try await imports.rejects(
                    of: id, organisation: organisation, doubles: isDoubles, after: last)
                guard let end = rows.last else { break }
                last = end.row
                bytes = []
                for row in rows {
                    CSVLine.append(
                        [String(row.row), words("reject_\(row.reason)"), row.detail], to: &bytes)
                }
                try await writer.write(ByteBuffer(bytes: bytes))
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8",
                .contentDisposition:
                    "attachment; filename=\"\(isDoubles ? "double" : "rejected").csv\"",
            ], body: body)
    }
}
