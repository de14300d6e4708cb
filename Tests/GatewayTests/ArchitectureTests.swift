import Foundation
import Testing

/// The house's plan (documentation page *Architecture*), read from the sources themselves.
@Suite struct ArchitectureTests {
    /// Which rooms a room may enter. Everyone may import `Texting` and foreign libraries.
    static let doors: [String: Set<String>] = [
        "Texting": [],
        "Postgres": ["CLibPQ"],
        "Curl": ["CLibCurl"],
        "Secrets": ["CLibCrypto"],
        "Store": ["Postgres", "Secrets"],
        "Providers": ["Curl", "Secrets"],
        "Notices": ["Curl", "Secrets"],
        "Sending": ["Store", "Providers", "Notices", "Postgres", "Curl", "Secrets"],
        "Ingress": ["Store", "Providers", "Notices", "Postgres", "Curl", "Secrets"],
        "Console": ["Store", "Providers", "Notices", "Postgres", "Curl", "Secrets"],
        "Gateway": [
            "Console", "Ingress", "Sending", "Store", "Providers", "Notices", "Postgres", "Curl",
            "Secrets",
        ],
    ]
    static let systemLibraries: Set<String> = ["CLibPQ", "CLibCurl", "CLibCrypto"]
    static let providerNames = ["twilio", "telnyx", "bandwidth", "vonage", "plivo"]
    static let topLevel: Set<String> = [
        "LICENSE", "Package.swift", "README.md", "Sources", "Tests", "migrations", "ops",
        ".ci", ".gitignore", ".swift-format",
    ]
    /// Left out of the file itself so that it does not find its own list.
    static let unfinished = ["TO" + "DO:", "FIX" + "ME", "HACK" + ":", "place" + "holder text"]
    /// Libraries that bring a second TLS stack or a second way to speak HTTP (DESIGN 6).
    static let unwanted: Set<String> = ["AsyncHTTPClient", "FoundationNetworking", "NIOSSL"]

    @Test func `every room opens only the doors of the plan`() throws {
        #expect(try Plan.sources().flatMap(Plan.wrongDoors) == [])
    }

    @Test func `a new door is found`() {
        let file = Plan.File(
            path: "Sources/Sending/Worker.swift",
            text: "@preconcurrency import struct Ingress.Webhook\nimport Foundation\n")

        #expect(
            Plan.wrongDoors(file) == ["Sources/Sending/Worker.swift: imports Ingress"])
    }

    @Test func `a library with a TLS stack of its own is found`() {
        let file = Plan.File(
            path: "Sources/Notices/Mail.swift", text: "import FoundationNetworking\n")

        #expect(Plan.wrongDoors(file).count == 1)
    }

    @Test func `the rules import nothing but Foundation`() throws {
        let imports = try Plan.sources().filter { $0.room == "Texting" }.flatMap(\.imports)

        #expect(Set(imports).subtracting(["Foundation", "Glibc", "Synchronization"]).isEmpty)
    }

    @Test func `Sending names no provider`() throws {
        #expect(try Plan.sources().flatMap(Plan.providersNamed) == [])
    }

    @Test func `a provider's name in Sending is found, whatever its case`() {
        let file = Plan.File(path: "Sources/Sending/Wire.swift", text: "// as TwiLio does\n")

        #expect(Plan.providersNamed(file) == ["Sources/Sending/Wire.swift: names twilio"])
    }

    @Test func `every file stands at its place and has a readable length`() throws {
        let stray = try Plan.topLevel().subtracting(Self.topLevel)

        #expect(stray == [])
        #expect(try Plan.everything().flatMap(Plan.oversights) == [])
    }

    @Test func `an overlong file, an unfinished one and a public name are found`() {
        let long = String(repeating: "x\n", count: 401)
        let unfinished = "// \(Self.unfinished[0]): later\n"

        #expect(Plan.oversights(Plan.File(path: "Sources/A/Long.swift", text: long)).count == 1)
        #expect(Plan.oversights(Plan.File(path: "Sources/A/B.swift", text: unfinished)).count == 1)
        #expect(
            Plan.oversights(Plan.File(path: "Sources/A/C.swift", text: "public struct C {}\n"))
                == ["Sources/A/C.swift: line 1 is public"])
    }

    @Test func `there are sources to look at`() throws {
        let rooms = Set(try Plan.sources().map(\.room))

        #expect(rooms == Set(Self.doors.keys))
    }
}
