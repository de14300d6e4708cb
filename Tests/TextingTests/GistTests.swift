import Testing

@testable import Texting

/// How a reply is sorted in a list: plain openings only, or not at all.
@Suite struct GistTests {
    @Test(arguments: [
        "Yes", "yes please", "Yeah I'll be there", "👍 Sure", "Sí", "Si, claro", "ydw", "Ie!", "ok",
        "Y", "OK thanks",
    ])
    func `a plain opening says yes`(text: String) {
        #expect(Gist.all(of: text) == [.yes])
    }

    @Test(arguments: ["No", "no thanks", "No, I work then", "Nope", "nage", "Na, diolch", "NO!!"])
    func `a plain opening says no`(text: String) {
        #expect(Gist.all(of: text) == [.no])
    }

    @Test(arguments: ["Who is this?", "¿A qué hora?", "متى؟", "Yes?", "no?"])
    func `a question mark asks`(text: String) {
        #expect(Gist.all(of: text) == [.question])
    }

    @Test func `a yes may ask too`() {
        #expect(Gist.all(of: "Yes! what time?") == [.yes, .question])
    }

    @Test(arguments: [
        "", "🎉", "no problem", "not sure", "si puedo", "ok but stop", "Noel here", "nobody told me",
        "see https://example.org/?a=1",
    ])
    func `what is not plain has no gist`(text: String) {
        #expect(Gist.all(of: text) == [])
    }
}
