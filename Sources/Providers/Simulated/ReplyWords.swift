/// What people write, by intent and language.
///
/// Written for this project from the ways in which people really answer campaigns: terse,
/// misspelt, with emoji, in the language of the house.
enum ReplyWords {
    static func choose(
        _ intent: PersonIntent, _ persona: CarrierPersona, kind: CampaignTextKind, turn: Int
    ) -> String {
        let choices = words(intent, persona.language, kind)
        let index = Int(persona.chance(0x309d, turn: turn) * Double(choices.count))
        return choices[min(index, choices.count - 1)]
    }

    private static func words(
        _ intent: PersonIntent, _ language: CarrierPersona.Language, _ kind: CampaignTextKind
    ) -> [String] {
        switch intent {
        case .optOut: stops[language] ?? []
        case .optOutWords: stopSentences[language] ?? []
        case .optIn: ["START", "Start", "UNSTOP", "start please"]
        case .help: ["HELP", "help", "INFO", "Help?", "Who is this?"]
        case .yes: language == .english ? yes(kind) : foreign(language).yes
        case .no: language == .english ? no(kind) : foreign(language).no
        case .question: language == .english ? question(kind) : foreign(language).question
        case .anger: anger[language] ?? anger[.english]!
        case .wrongNumber: wrongNumber[language] ?? wrongNumber[.english]!
        case .media: ["", "Look who is voting!", "My yard sign 😀", "ok see pic"]
        case .thanks: ["Thanks!", "ok thx", "👍", "Great, see you there", "Perfect. Ta"]
        case .chat:
            ["I live near the library", "Two of us, maybe three", "After 6 works", "Ok cool"]
        }
    }

    private static func yes(_ kind: CampaignTextKind) -> [String] {
        switch kind {
        case .invitation:
            ["Yes! I'll be there", "count me in", "Yes please", "yep 🙌", "Sure, 2 of us"]
        case .donation: ["Just gave $20", "Yes, send me the link", "Already did!", "ok, how?"]
        case .voting: ["Already voted!", "Yes I will vote", "voted early ✅", "Of course"]
        case .other: ["Yes", "yes", "Y", "Yeah sure", "Absolutely!!", "👍", "YES 💪"]
        }
    }

    private static func no(_ kind: CampaignTextKind) -> [String] {
        switch kind {
        case .invitation: ["Can't make it, sorry", "No, I work nights", "not this time"]
        case .donation: ["Can't afford it right now", "No.", "I'm on a fixed income, sorry"]
        case .voting: ["No", "I'm not registered", "not voting this year"]
        case .other: ["No", "no thanks", "N", "Not interested", "nope"]
        }
    }

    private static func question(_ kind: CampaignTextKind) -> [String] {
        switch kind {
        case .invitation:
            ["What time?", "Where is it exactly?", "Can I bring my kids?", "is there parking"]
        case .donation:
            ["Is it tax deductible?", "Where does the money go?", "Can I pay by check?"]
        case .voting: ["Where is my polling place?", "What ID do I need?", "when do polls close"]
        case .other:
            ["Who is this?", "How did you get my number?", "What do you stand for on housing?"]
        }
    }

    private static func foreign(
        _ language: CarrierPersona.Language
    ) -> (yes: [String], no: [String], question: [String]) {
        switch language {
        case .spanish:
            (
                ["Sí, claro", "si cuenten conmigo", "Ya voté 🇲🇽"],
                ["No puedo, lo siento", "no gracias"],
                ["¿A qué hora es?", "¿Quién es?", "¿Dónde voto?"]
            )
        case .welsh:
            (
                ["Iawn, byddaf yno", "Ydw, wrth gwrs"], ["Na, dim diolch", "Alla i ddim, sori"],
                ["Pwy sy 'ma?", "Faint o'r gloch mae'n dechrau?"]
            )
        case .french:
            (
                ["Oui, je viens", "Bien sûr !", "ok compte sur moi"],
                ["Non merci", "Désolé, pas dispo"],
                ["C'est à quelle heure ?", "Qui êtes-vous ?"]
            )
        case .german:
            (
                ["Ja, gerne", "Bin dabei!", "Schon gewählt 👍"],
                ["Nein danke", "Leider keine Zeit"],
                ["Wann geht es los?", "Wer schreibt da?", "Woher haben Sie meine Nummer?"]
            )
        case .polish:
            (
                ["Tak, będę", "Jasne, dziękuję"], ["Nie, dziękuję", "Niestety nie mogę"],
                ["O której godzinie?", "Kto to?", "Skąd macie mój numer?"]
            )
        case .english: (yes(.other), no(.other), question(.other))
        }
    }

    private static let stops: [CarrierPersona.Language: [String]] = [
        .english: [
            "STOP", "Stop", "stop", "STOP.", "stop!", " Stop ", "STOP!!!", "Stopp", "STOPALL",
            "Stop all", "UNSUBSCRIBE", "unsubscribe", "Unsubscribe please", "Cancel", "END", "quit",
            "QUIT", "opt out", "OPT-OUT", "Optout", "REVOKE", "remove", "Remove me", "\"STOP\"",
            "STOP 🛑", "ＳＴＯＰ", "s t o p", "stop\n\nSent from my iPhone", "Stop please", "Stop2End",
        ],
        .spanish: ["STOP", "ALTO", "alto", "PARAR", "Basta", "Detener", "BAJA", "cancelar"],
        .welsh: ["STOP", "stop", "Stopiwch", "DIM MWY"],
        .french: ["STOP", "Stop svp", "ARRET", "Arrêt", "arrêtez", "DESABONNER"],
        .german: ["STOP", "Stopp", "stopp!", "ABMELDEN", "Ende", "Aufhören"],
        .polish: ["STOP", "stop", "KONIEC", "Wypisz", "Rezygnuję"],
    ]

    private static let stopSentences: [CarrierPersona.Language: [String]] = [
        .english: [
            "Please stop texting me", "stop texting me!!", "Take me off your list",
            "Remove my number from your list.", "Do not text this number again",
            "no more texts please",
            "I want out. Don't contact me again", "Leave me alone", "lose my number",
            "Unsubscribe me from this", "I did not sign up for this, take me off",
            "How do I stop these texts?",
        ],
        .spanish: [
            "No me manden más mensajes", "Quítenme de la lista", "Ya no me escriban por favor",
        ],
        .welsh: ["Peidiwch â thecstio fi eto", "Tynnwch fi oddi ar y rhestr"],
        .french: [
            "Ne m'écrivez plus", "Retirez-moi de votre liste", "Arrêtez de m'envoyer des SMS",
        ],
        .german: [
            "Bitte keine Nachrichten mehr", "Löschen Sie meine Nummer", "Nehmt mich von der Liste",
        ],
        .polish: ["Proszę już nie pisać", "Usuńcie mój numer z listy"],
    ]

    private static let anger: [CarrierPersona.Language: [String]] = [
        .english: [
            "You people never quit, do you", "This is the 5th text this week. Unbelievable!!",
            "I'd rather eat my hat than vote for you", "HOW DID YOU GET THIS NUMBER",
            "Shame on you",
            "I'll report you to the FCC", "😡😡😡",
        ],
        .german: ["Unverschämt!", "Ich zeige Sie an!"],
        .spanish: ["¡Qué vergüenza!", "¿Otra vez ustedes?"],
    ]

    private static let wrongNumber: [CarrierPersona.Language: [String]] = [
        .english: [
            "Wrong number", "you have the wrong number", "I'm not Maria",
            "This isn't Sam's phone anymore",
            "Who's Alex? wrong person", "He moved out years ago",
        ],
        .spanish: ["Número equivocado", "Se equivocó de número"],
        .french: ["Vous vous trompez de numéro", "Mauvais numéro"],
        .german: ["Falsche Nummer", "Sie haben sich verwählt"],
        .polish: ["Pomyłka", "To zły numer"],
        .welsh: ["Rhif anghywir"],
    ]

    static let strangers = [
        "Hi, saw your sign on Main St. How can I help?", "Is this the campaign office?",
        "When is the next meeting?", "STOP", "wrong number?", "Can I get a yard sign?", "hola",
        "I want to volunteer", "🙂", "Who is running in district 4",
    ]
}
