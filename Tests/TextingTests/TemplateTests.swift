import Testing

@testable import Texting

@Suite struct TemplateTests {
    private func render(_ source: String, _ values: [String: String]) throws -> String {
        try Template(source).render(values)
    }

    @Test func `fields are filled, blanks fall back`() throws {
        #expect(try render("Hi {first_name}!", ["first_name": "Siân"]) == "Hi Siân!")
        #expect(try render("Hi {first_name|friend}!", [:]) == "Hi friend!")
        #expect(try render("Hi {first_name|friend}!", ["first_name": " \t"]) == "Hi friend!")
        #expect(try render("Hi {first_name}!", [:]) == "Hi !")
        #expect(try render("Hi {first_name|}!", [:]) == "Hi !")
    }

    @Test func `column headings and fields meet whatever their case and spaces`() throws {
        #expect(try Template("{First Name} {postal-code}").fields == ["first_name", "postal_code"])
        #expect(Template.fieldName(" First  Name") == "first_name")
    }

    @Test func `conditions choose by presence and nest`() throws {
        let source = "{if city}In {city}{if street}, {street}{end}{else}Near you{end}."
        #expect(try render(source, ["city": "Leeds"]) == "In Leeds.")
        #expect(try render(source, ["city": "Leeds", "street": "Hyde Rd"]) == "In Leeds, Hyde Rd.")
        #expect(try render(source, [:]) == "Near you.")
        #expect(try render("{if not city}Where?{end}", [:]) == "Where?")
    }

    @Test func `doubled braces are literal`() throws {
        #expect(try render("{{{name}}} {{x}}", ["name": "A"]) == "{A} {x}")
    }

    @Test func `a value is never read as a script again`() throws {
        let values = ["name": "{city} {{ {if x}", "city": "Leeds"]
        #expect(try render("Hi {name}", values) == "Hi {city} {{ {if x}")
    }

    @Test(arguments: [
        ("Hi {name", 4, TemplateError.Reason.unclosedBrace), ("Hi } you", 4, .strayBrace),
        ("Hi {}", 4, .emptyField), ("Hi { }", 4, .emptyField), ("{a{b}}", 3, .braceInField),
        ("ab{else}", 3, .elseWithoutIf), ("{end}", 1, .endWithoutIf),
        ("x{if a}b", 2, .ifWithoutEnd), ("{if a}b{else}c", 1, .ifWithoutEnd),
        ("{if a}b{else}c{else}d{end}", 15, .secondElse), ("{na!me}", 1, .badName("na!me")),
    ])
    func `a wrong script says where and what to do`(
        source: String, position: Int, reason: TemplateError.Reason
    ) {
        let error = #expect(throws: TemplateError.self) { try Template(source) }
        #expect(error == TemplateError(reason: reason, position: position))
        #expect(error?.description.hasPrefix("At character \(position): ") == true)
    }

    @Test func `the report counts holes over a list`() throws {
        let template = try Template("Hi {first|friend}, {if city}{city}{end} {street}")
        let rows = [["street": "A"], ["street": ""], ["first": "B", "city": "C"]]
        let report = template.report(over: rows)
        #expect(report.rows == 3)
        #expect(report.rowsWithHoles == 2)
        #expect(report.missing == ["street": 2])
        #expect(report.examples == ["street": [2, 3]])
        #expect(template.fieldsMissing(from: ["First", "CITY"]) == ["street"])
    }

    @Test func `measuring a list agrees with measuring each rendered text`() throws {
        let template = try Template(
            "Hi {name|friend €}, {if city}[{city}] {note}{else}soon{end} — {{x}} 😀 {note}")
        let plain = try Template(
            "Hi {name|friend €}, {if city}[{city}] {note}{else}soon{end}. {{x}} {note}")
        var random = SeededGenerator(seed: 7)
        let words = ["", " ", "Ann", "Siân", "€[]", "😀", String(repeating: "ab€", count: 60)]
        for template in [template, plain] {
            let counter = TemplateMeasure(template, columns: ["Name", "City", "Note"])
            for _ in 0..<2_000 {
                let row = (0..<3).map { _ in words.randomElement(using: &random)! }
                let values = ["name": row[0], "city": row[1], "note": row[2]]
                #expect(counter.measure(row) == Measure(template.render(values)))
            }
            #expect(counter.measure([]) == Measure(template.render([:])))
        }
    }
}
