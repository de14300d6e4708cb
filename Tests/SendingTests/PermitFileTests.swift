import Foundation
import Store
import Testing

@testable import Sending

@Suite struct PermitFileTests {
    private let key = AttemptKey(organisation: 7, message: UUID.v7(), n: 3)

    @Test func `a living worker's file is not read`() throws {
        let directory = SendHouse.directory()
        let file = try PermitFile(directory: directory, incarnation: UUID())
        file.spend(place: 5, key)

        #expect(PermitFile.remains(in: directory).isEmpty)
        withExtendedLifetime(file) {}
    }

    @Test func `a dead worker's file names what passed the gate`() throws {
        let directory = SendHouse.directory()
        let incarnation = UUID()
        do {
            let file = try PermitFile(directory: directory, incarnation: incarnation)
            file.spend(place: 5, key)
            file.spend(place: 6, AttemptKey(organisation: 7, message: UUID.v7(), n: 1))
            file.clear(place: 6)
        }  // closed without being removed, as a killed process leaves it

        let remains = try #require(PermitFile.remains(in: directory).first)

        #expect(remains.incarnation == incarnation)
        #expect(remains.spent == [key])
        remains.remove()
        #expect(PermitFile.remains(in: directory).isEmpty)
    }

    @Test(arguments: ["short", "other boot", "garbage"])
    func `a file that cannot be trusted proves nothing`(damage: String) throws {
        let directory = SendHouse.directory()
        let path: String
        do {
            let file = try PermitFile(directory: directory, incarnation: UUID())
            file.spend(place: 0, key)
            path = file.path
        }
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        switch damage {
        case "short": try handle.truncate(atOffset: 5_000)
        case "other boot":
            try handle.seek(toOffset: 64)
            handle.write(Data("00000000-0000-0000-0000-000000000000".utf8))
        default: handle.write(Data("nonsense".utf8))
        }
        try handle.close()

        #expect(PermitFile.remains(in: directory).isEmpty)
    }
}
