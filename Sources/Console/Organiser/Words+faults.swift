import Store
import Texting

extension Words {
    /// What is wrong with a file, in this language; in English what nobody has translated.
    func fault(_ wrong: InvalidInput, file: MultipartFile) -> String {
        let reason =
            wrong.key.isEmpty
            ? wrong.description.replacing(file.path, with: file.name)
            : self("list_fault_\(wrong.key)", wrong.values)
        return self("import_fault", ["fault": reason])
    }

    /// What is wrong with a script, and where.
    func fault(_ wrong: TemplateError) -> String {
        var values = ["n": number(wrong.position)]
        let key: String
        switch wrong.reason {
        case .unclosedBrace: key = "unclosed"
        case .strayBrace: key = "stray"
        case .emptyField: key = "empty"
        case .badName(let name):
            key = "name"
            values["name"] = name
        case .braceInField: key = "inside"
        case .elseWithoutIf, .secondElse: key = "else"
        case .endWithoutIf: key = "end"
        case .ifWithoutEnd: key = "if"
        }
        return self("script_fault", ["fault": self("template_\(key)", values)])
    }
}
