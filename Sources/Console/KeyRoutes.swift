import Hummingbird
import Store

/// `/keys`: single keys on or off, and which they are.
struct KeyRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/keys") { request, context in
            try await console.signedIn(request, context) { visitor in
                let map = KeyMap(setting: visitor.settings["keymap"])
                return show(request, context, visitor) { map.key($0).map { String($0) } }
            }
        }
        router.post("/keys") { request, context in
            try await console.signedIn(request, context) { visitor in
                let form = try await request.form()
                try await set("keys", form["keys"] == "on" ? "on" : "off", visitor)
                return console.redirect("/help#keys")
            }
        }
        router.post("/keys/own") { request, context in
            try await console.signedIn(request, context) { try await save(request, context, $0) }
        }
    }

    private func save(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        do {
            let isReset = form["reset"] != nil
            let map = try KeyMap { isReset ? nil : form["key_\($0)"] }
            try await set("keymap", map.setting, visitor)
            return console.redirect("/keys?said=saved")
        } catch let fault as KeyMap.Fault {
            return show(request, context, visitor, fault) { form["key_\($0)"] }
        }
    }

    private func set(_ name: String, _ value: String, _ visitor: Visitor) async throws {
        try await Membership.set(
            [name: value], organisation: visitor.organisation, member: visitor.id,
            database: console.store.database)
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor,
        _ fault: KeyMap.Fault? = nil, keys: (_ name: String) -> String?
    ) -> Response {
        let words = console.words(request, context)
        return console.page(
            "keys", request, context, title: words("keys_own"), here: "help",
            status: fault == nil ? .ok : .unprocessableContent,
            [
                "keys_on": visitor.settings["keys"] == "on",
                "saved": request.query["said"] == "saved",
                "error": fault.map { sentence($0, words) } as Any,
                "key_lists": Self.lists(words),
                "rows": KeyMap.usual.map { name, usual in
                    let given = keys(name) ?? ""
                    return [
                        "name": name, "label": words("keymap_\(name)"),
                        "given": given.isEmpty ? String(usual) : given,
                        "wrong": isWrong(given, fault),
                    ]
                },
            ])
    }

    /// The usual keys, a sentence for each kind of page.
    static func lists(_ words: Words) -> [String] {
        ["send", "inbox", "talk", "board", "all"].map { words("keys_\($0)") }
    }

    private func isWrong(_ given: String, _ fault: KeyMap.Fault?) -> Bool {
        switch fault {
        case .notOne(let wish): given == wish
        case .twice(let key): given == String(key)
        case nil: false
        }
    }

    private func sentence(_ fault: KeyMap.Fault, _ words: Words) -> String {
        switch fault {
        case .notOne(let wish): words("keymap_not_one", ["key": wish])
        case .twice(let key): words("keymap_twice", ["key": String(key)])
        }
    }
}
