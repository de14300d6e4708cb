import Foundation
import Hummingbird
import Store

/// Who may see which part of the house, and the places of the bar above.
extension Console {
    /// Runs `body` for members of these roles; for others the page is not there.
    ///
    /// Who has proved no more than their address, and whose role asks for a password and a second
    /// factor, is sent to give them first.
    func staffed(
        _ request: Request, _ context: ConsoleContext, _ roles: Set<Role>,
        _ body: (Visitor) async throws -> Response
    ) async throws -> Response {
        guard let visitor = context.visitor else {
            return request.wantsJSON
                ? Response(status: .unauthorized) : redirect(signInAddress(request))
        }
        guard roles.contains(visitor.staffRole) else { return notFound(request, context) }
        guard visitor.isTrusted else { return redirect(signInAddress(request)) }
        return try await body(visitor)
    }

    /// Where staff sign in, and come back from to where they were going.
    private func signInAddress(_ request: Request) -> String {
        let path = request.method == .get ? request.uri.path : "/o"
        return "/o/sign-in?to=\(path)"
    }

    /// The bar of a page: what a member's role opens, and which of it this page is.
    func places(
        _ visitor: Visitor, _ request: Request, here: String?, _ words: Words
    ) -> [String: Any] {
        let path = request.uri.path
        let isHouse = path == "/o" || path.hasPrefix("/o/") || path == "/k" || path.hasPrefix("/k/")
        let places = visitor.staffRole.places
        guard isHouse, visitor.isTrusted, !places.isEmpty else {
            return [
                "texting": true,
                "house": places.first.map { ["address": $0.address, "name": words("nav_house")] }
                    as Any,
            ]
        }
        return [
            "house_bar": true,
            "places": places.map {
                [
                    "address": $0.address, "name": words("nav_\($0.key)"), "here": $0.key == here,
                    // The keyboard's way to organising leads to the first of them.
                    "key": $0.address == places.first?.address ? "go" : "",
                ]
            },
            "may_text": visitor.staffRole != .compliance,
        ]
    }
}

extension Role {
    /// Of owners and organisers: everything about campaigns.
    static let organisers: Set<Role> = [.owner, .organiser]
    /// Who may look at campaigns and replies.
    static let leaders: Set<Role> = [.owner, .organiser, .lead]
    /// Who sees numbers and evidence.
    static let compliers: Set<Role> = [.owner, .compliance]

    fileprivate var places: [(key: String, address: String)] {
        let organising = [("campaigns", "/o"), ("replies", "/o/replies")]
        return switch self {
        case .owner: organising + [("people", "/o/people"), ("compliance", "/k")]
        case .organiser: organising + [("people", "/o/people")]
        case .lead: organising + [("joins", "/o/joins")]
        case .compliance: [("compliance", "/k")]
        case .texter: []
        }
    }
}

extension Visitor {
    var staffRole: Role { Role(rawValue: role) ?? .texter }

    /// Whether they proved enough for what their role may do.
    var isTrusted: Bool { !staffRole.needsSecond || strength != .code }
}
