import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore

/// The templates and the languages: turns values into HTML.
///
/// Mustache escapes every value; templates use no unescaped ones. A test reads them for that.
struct Pages: Sendable {
    let languages: Languages
    private let library: MustacheLibrary
    private let assets: Assets

    /// - Throws: ``MissingFiles``, or the parser's words about a wrong template.
    init(assets: Assets) throws {
        self.assets = assets
        languages = try Languages()
        var library = MustacheLibrary()
        for (name, data) in try Files.all(in: "Templates") where name.hasSuffix(".mustache") {
            let bare = String(name.dropLast(".mustache".count))
            try library.register(String(decoding: data, as: UTF8.self), named: bare)
        }
        self.library = library
    }

    /// A page in its frame, or a fragment of one.
    func html(_ template: String, _ values: [String: Any], _ words: Words) -> String {
        var all = Self.withoutNothing(values)
        all["t"] = words
        all["lang"] = words.language
        all["style"] = assets.address("style.css")
        all["icon"] = assets.address("icon.svg")
        return library.render(all, withTemplate: template) ?? "⟦\(template)⟧"
    }

    /// Leaves out what is nil, also below: Mustache would take an empty optional for a value.
    private static func withoutNothing(_ values: [String: Any]) -> [String: Any] {
        values.compactMapValues { value in
            if let optional = value as? any Absence, optional.isAbsent { return nil }
            if let inner = value as? [String: Any] { return withoutNothing(inner) }
            if let list = value as? [[String: Any]] { return list.map(withoutNothing) }
            return value
        }
    }

    func address(_ asset: String) -> String { assets.address(asset) }
}

/// An optional whose type was forgotten.
private protocol Absence {
    var isAbsent: Bool { get }
}

extension Optional: Absence {
    fileprivate var isAbsent: Bool {
        if case .none = self { true } else { false }
    }
}

extension Console {
    /// The words for a request: the member's language, else the cookie's, else the browser's.
    func words(_ request: Request, _ context: ConsoleContext) -> Words {
        if let visitor = context.visitor { return pages.languages[visitor.language] }
        return pages.languages[
            request.cookie("lang") ?? Languages.preferred(request.headers[.acceptLanguage])]
    }

    /// A page in the frame that all share.
    ///
    /// - Parameters:
    ///   - title: a sentence already in the visitor's language.
    ///   - here: which place of the bar this is: send, inbox, help; campaigns, replies, people, joins,
    ///     compliance.
    ///   - scripts: modules that the page loads, `app.js` alone if none are named; it must work
    ///     without.
    func page(
        _ template: String, _ request: Request, _ context: ConsoleContext, title: String,
        here: String? = nil, status: HTTPResponse.Status = .ok, scripts: [String] = [],
        _ values: [String: Any] = [:]
    ) -> Response {
        let words = words(request, context)
        var all = values
        all["title"] = title
        all["scheme"] = request.cookie("scheme").flatMap {
            ["light", "dark"].contains($0) ? $0 : nil
        }
        all["hand"] = request.cookie("hand").flatMap {
            ["left", "right"].contains($0) ? $0 : nil
        }
        // Keys lead everywhere, so every page of somebody signed in knows them.
        let modules = scripts.isEmpty && context.visitor != nil ? ["app.js"] : scripts
        all["scripts"] = modules.map { pages.address($0) }
        all["has_needs"] = (values["needs"] as? Int ?? 0) > 0
        all["at_send"] = here == "send"
        all["at_inbox"] = here == "inbox"
        all["at_help"] = here == "help"
        if let visitor = context.visitor {
            all["member"] = ["name": visitor.name, "organisation": visitor.organisationName]
            all["keys"] = visitor.settings["keys"] as Any
            all["keymap"] = KeyMap(setting: visitor.settings["keymap"]).attribute as Any
            all.merge(places(visitor, request, here: here, words)) { given, _ in given }
            all["wide"] = values["wide"] as? Bool ?? (all["house_bar"] != nil)
        }
        return html(pages.html(template, all, words), status: status)
    }

    func html(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// What is not there and what is not yours look the same.
    func notFound(_ request: Request, _ context: ConsoleContext) -> Response {
        let words = words(request, context)
        return page(
            "missing", request, context, title: words("missing_title"), status: .notFound)
    }

    /// To another page, after a form: the browser asks for it anew.
    func redirect(_ address: String, cookies: [String] = []) -> Response {
        var response = Response(status: .seeOther, headers: [.location: address])
        for cookie in cookies {
            response.headers.append(HTTPField(name: .setCookie, value: cookie))
        }
        return response
    }

    func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }
}
