import Testing

@testable import Texting

/// One slip of the finger in a code.
@Suite struct SlipTests {
    @Test(arguments: [
        "doorstep", "Doorstep", "door-step", "doorstpe", "dorstep", "dooorstep", "doorstop",
        "oorstep", "doorste", "doorstepp", "xdoorstep", "odorstep",
    ])
    func `the word itself and one slip`(typed: String) {
        #expect(Slip.isOne(typed, of: "doorstep"))
    }

    @Test(arguments: ["", "door", "dorstpe", "dooorsteep", "pdoorste", "coorstop", "saturday"])
    func `two slips are another word`(typed: String) {
        #expect(!Slip.isOne(typed, of: "doorstep"))
    }

    @Test func `short words must agree`() {
        #expect(Slip.isOne("ABC", of: "abc"))
        #expect(!Slip.isOne("abd", of: "abc"))
        #expect(!Slip.isOne("", of: ""))
    }
}
