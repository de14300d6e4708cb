import Testing

@testable import Secrets

@Suite struct ScryptTests {
    /// RFC 7914 section 12.
    @Test func `derives the keys of RFC 7914`() {
        #expect(
            Scrypt.derive("", [], n: 16, r: 1, p: 1, count: 64).hex
                == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")
        #expect(
            Scrypt.derive("password", Array("NaCl".utf8), n: 1024, r: 8, p: 16, count: 64).hex
                == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")
    }

    @Test func `the right password passes, any other does not`() throws {
        let stored = Scrypt.hash("correct horse 🐴", cost: 4)
        #expect(stored.hasPrefix("$scrypt$ln=4,r=8,p=1$"))
        #expect(try Scrypt.verify("correct horse 🐴", against: stored))
        #expect(try !Scrypt.verify("correct horse", against: stored))
        #expect(try !Scrypt.verify("", against: stored))
    }

    @Test func `two hashes of one password differ`() {
        #expect(Scrypt.hash("a", cost: 2) != Scrypt.hash("a", cost: 2))
    }

    @Test func `the default cost fits into the memory that is allowed`() throws {
        let stored = Scrypt.hash("slow")
        #expect(stored.hasPrefix("$scrypt$ln=17,r=8,p=1$"))
        #expect(!Scrypt.isOutdated(stored))
        #expect(Scrypt.isOutdated(Scrypt.hash("quick", cost: 4)))
    }

    @Test(arguments: [
        "", "plain", "$scrypt$ln=4$a$b", "$scrypt$ln=40,r=8,p=1$AAAA$AAAA",
        "$scrypt$ln=4,r=8,p=1$AAAA$AAAA", "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA",
    ])
    func `a hash that cannot be read or costs too much is refused`(stored: String) {
        #expect(throws: SecretsError.badHash) { try Scrypt.verify("a", against: stored) }
    }

    @Test func `a hasher refuses more than may wait`() async throws {
        let hasher = PasswordHasher(limit: 0, cost: 2)
        await #expect(throws: PasswordHasher.Busy.self) { try await hasher.hash("a") }
    }

    @Test func `a hasher hashes and verifies`() async throws {
        let hasher = PasswordHasher(limit: 2, cost: 2)
        let stored = try await hasher.hash("a")
        #expect(try await hasher.verify("a", against: stored))
        #expect(try await !hasher.verify("b", against: stored))
    }
}
