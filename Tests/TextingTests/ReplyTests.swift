import Testing

@testable import Texting

/// What a reply asks: 47 CFR 64.1200(a)(10) and CTIA Messaging Principles 5.1.3.
@Suite struct ReplyTests {
    @Test(arguments: [
        "STOP", "stop.", " Unsubscribe ", "opt out", "QUIT!", "end", "cancel", "revoke", "opt-out",
        "stopall", "stop all", "STOP2QUIT", "stop=quit", "remove me", "leave me alone", "arret",
        "TD", "🛑", "🚫🚫", "S T O P", "s.t.o.p.", "Stop!!!!1!", "st0p", "$top", "stooop", "ѕtop",
        "ｓｔｏｐ", "stpo",
        "unsubcribe", "unsuscribe", "drop tout", "? stop", "please stop", "STOP thank you",
        "Stop (sent with Slam Effect)", "stop\nSent from my iPhone", "STOP STOP STOP", "“Stop”",
    ])
    func `a lone stop word opts out, whatever its dress`(text: String) {
        let reply = Reply(text)
        #expect(reply.meaning == .optOut)
        #expect(reply.action == .act)
    }

    @Test(arguments: [
        "please stop texting me", "pls stop textin me", "dony text me anymore",
        "take my name off your stupid list",
        "do I know you? don't text this phone again", "lose my number", "dont txt me again",
        "I already told you people to stop", "how do i get off this list", "No more texts please",
        "I never signed up for this", "not interested, please remove me", "go away",
        "F*** off", "Sod right off", "I revoke my consent", "delete my data", "Email me instead",
        "stoptextingme", "Wrong person. Please stop.", "stop im not interested",
        "This number is on the do not call list", "leave me the hell alone",
        "Text me again and I'll report you to the FCC", "I'd like to be removed",
    ])
    func `a request in the person's own words opts out`(text: String) {
        let reply = Reply(text)
        #expect(reply.meaning == .optOut)
        #expect(reply.action == .act)
    }

    @Test(arguments: [
        "Stop the war!", "stop fracking", "End gun violence now", "cancel student debt",
        "stop by the office tomorrow?", "I can't stop laughing", "Please don't stop texting me",
        "Don't remove me from the list", "unsubscribe me from your emails", "cancel my RSVP",
        "Take me off the Saturday shift", "he should quit", "Liked “Hi Sam, reply STOP to opt out”",
        "👍 to “Hi it's Jo. STOP to quit”", "YES!", "No thanks",
        "can you help me find my polling place",
        "I'm driving right now, I'll get back to you later", "why don't you text me the address",
        "I am out of the office until the end of May", "Remove the sign from my yard please",
        "The wrong number is printed on your leaflet", "I don't text while driving", "👎", "",
        "Stoppard is my favourite playwright", "you need to stop fracking",
        "keep the texts coming!",
    ])
    func `talk about something else asks nothing`(text: String) {
        let reply = Reply(text)
        #expect(reply.meaning == .none)
        #expect(reply.action == .none)
    }

    @Test(arguments: [
        ("wrong number", Reply.Meaning.wrongNumber), ("This isn't Sarah", .wrongNumber),
        ("no Maria here", .wrongNumber), ("not Dave's phone", .wrongNumber),
        ("Who's this?", .help), ("How did you get my number?", .help), ("HELP", .help),
        ("START", .optIn), ("unstop", .optIn), ("please put me back on the list", .optIn),
        ("I didn't mean to say stop", .optIn), ("wrong number, stop", .optOut),
    ])
    func `the other meanings are told apart`(text: String, meaning: Reply.Meaning) {
        #expect(Reply(text).meaning == meaning)
    }

    @Test func `a bare insult asks nothing, yet a person decides`() {
        let reply = Reply("you guys suck")
        #expect(reply.meaning == .none)
        #expect(reply.action == .review)
    }

    @Test func `an answer of YES never opts anybody in`() {
        #expect(Reply("YES").meaning == .none)
    }

    @Test func `a judgement says why`() {
        let reply = Reply("Please take my name off your list")
        #expect(reply.rule == "grammar.removal")
        #expect(reply.explanation == "“take my name off your list” asks to be taken off a list.")
        #expect(Reply("STOP").rule == "keyword.en.stop")
        #expect(Reply("Who is this?!").explanation == "“who is this” is a keyword.")
        #expect(Reply("S T O P").explanation == "“s t o p” is a keyword.")
        #expect(Reply("退订").explanation == "“退订” is a keyword.")
    }
}
