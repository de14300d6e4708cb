import Testing

@testable import Texting

@Suite struct ComposingTests {
    @Test func `composed letters and line feeds are what is sent`() {
        #expect(Composing.normalised("Sia\u{302}n\r\nJose\u{301}\r") == "Siân\nJosé\n")
        #expect(Measure(Composing.normalised("caffe\u{300}")).encoding == .gsm7)
    }

    @Test func `plain punctuation changes every mark and no letter`() {
        let dressed = "“It’s—fine…” ‘x’ 1½ × 2\u{00A0}•\u{200B} ｏｋ！"
        #expect(Composing.plainPunctuation(dressed) == "\"It's-fine...\" 'x' 11/2 x 2 - ok!")
        for word in ["Siân Ŵyn", "Seán Ó Súilleabháin", "forêt ça", "mañana sí", "Łódź", "👨‍👩‍👧"] {
            #expect(Composing.plainPunctuation(word) == word)
        }
    }

    @Test func `the costly characters are named with their place`() {
        let costs = Composing.costs(of: "Hi Siân — ok")
        #expect(costs.map(\.character) == ["â", "—"])
        #expect(costs.map(\.offset) == [5, 8])
        #expect(costs.map(\.plain) == [nil, "-"])
        #expect(costs.allSatisfy { $0.forcesUnicode })
        let euro = Composing.costs(of: "cost: €5")
        #expect(euro.map(\.units) == [2])
        #expect(euro.first?.forcesUnicode == false)
        #expect(Composing.costs(of: "👨‍👩‍👧‍👦").first?.units == 11)
    }

    @Test func `the character that begins the next segment is found`() {
        #expect(Composing.firstBeyond(String(repeating: "a", count: 160), segments: 1) == nil)
        #expect(Composing.firstBeyond(String(repeating: "a", count: 170), segments: 1) == 160)
        #expect(Composing.firstBeyond(String(repeating: "a", count: 100) + "ŵ", segments: 1) == 100)
    }

    @Test(arguments: [
        ("AISHA O'NEILL-JONES", "Aisha O'Neill-Jones"), ("McDONALD", "McDonald"),
        ("MCDONALD", "McDonald"), ("MacKAY", "MacKay"), ("VAN DER BERG", "van der Berg"),
        ("RHYS AP GWILYM", "Rhys ap Gwilym"), ("VAN", "Van"), ("D’ARCY", "D’Arcy"),
        ("SIÂN", "Siân"), ("MARÍA DE LA CRUZ", "María de la Cruz"), ("TJ", "TJ"), ("JO", "Jo"),
        ("JOHN SMITH III", "John Smith III"), ("J.R. SMITH", "J.R. Smith"), ("GWYN", "Gwyn"),
        ("DeShawn", "DeShawn"), ("bell hooks", "bell hooks"), ("McDonald", "McDonald"),
        ("LaToya", "LaToya"), ("A", "A"), ("", ""), ("李明", "李明"), ("Anne-MARIE", "Anne-MARIE"),
    ])
    func `shouted names are calmed, chosen ones stay`(name: String, calm: String) {
        #expect(Composing.calmName(name) == calm)
    }
}
