import Foundation
import Testing

@testable import Console

/// The small guards that stand before every page.
@Suite struct GuardTests {
    @Test func `a limit allows its burst, then one a period`() {
        let limiter = RateLimiter(burst: 3, period: 60)
        let start = Date(timeIntervalSince1970: 1_000_000)
        let first = (0..<5).map { _ in limiter.allows("a", at: start) }
        #expect(first == [true, true, true, false, false])
        #expect(limiter.allows("b", at: start))
        #expect(!limiter.allows("a", at: start + 59))
        #expect(limiter.allows("a", at: start + 60))
        #expect(!limiter.allows("a", at: start + 61))
    }

    @Test(arguments: [
        ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/"), ("", "/"),
        ("/send?x=1", "/send?x=1"), ("javascript:alert(1)", "/"), ("/a b", "/"),
    ])
    func `a form sends people nowhere else`(given: String, address: String) {
        #expect(localAddress(given) == address)
    }

    @Test func `a form is read as it was written`() {
        let form = Form(encoded: "name=Si%C3%A2n+%26+Tom&empty=&name=second&nul=a%00b&bad=%zz")
        #expect(form["name"] == "Siân & Tom")
        #expect(form["empty"] == nil)
        #expect(form["nul"] == "ab")
        #expect(form["bad"] == nil)
    }

    @Test(arguments: ["fuck off", "I know where you live", "HIJO DE PUTA", "f.u.c.k fuck!"])
    func `abuse is hidden until asked for`(text: String) { #expect(AbuseShield.hides(text)) }

    @Test(arguments: [
        "Yes! what time?", "Scunthorpe library", "stop", "I cannot, puttering about", "",
    ])
    func `ordinary words are shown`(text: String) { #expect(!AbuseShield.hides(text)) }

    @Test func `practice has the ten people that everybody meets, in three languages`() {
        let people = PracticePerson.all
        #expect(people.count >= 10)
        #expect(Set(people.map(\.id)).count == people.count)
        #expect(Set(people.map(\.language)) == ["en", "es", "cy"])
        #expect(people.allSatisfy { !$0.right.isEmpty })
    }
}
