import Foundation
import Store
import Texting

/// The hours in which a volunteer is told nothing: ten in the evening to eight, where they are.
///
/// Where they are says the browser that asked for notices, else their own number. Where neither
/// tells, they asked to be told and are.
struct QuietHours {
    private let zones: [TimeZone]

    /// Hours of the day between which it is quiet.
    static let begin = 22
    static let end = 8

    init(of absentee: Absentee) {
        guard absentee.settings["quiet"] != "off" else {
            zones = []
            return
        }
        let given = absentee.settings["zone"].flatMap(TimeZone.init(identifier:))
        if let given {
            zones = [given]
        } else if let number = absentee.number.flatMap({ PhoneNumber($0, regions: []) }) {
            zones = number.zones.compactMap(TimeZone.init(identifier:))
        } else {
            zones = []
        }
    }

    /// Of somebody of whom only a number is known.
    init(number: String) {
        zones = PhoneNumber(number, regions: [])?.zones.compactMap(TimeZone.init(identifier:)) ?? []
    }

    /// Whether it is quiet in every place where they may be.
    func contains(_ moment: Date) -> Bool {
        !zones.isEmpty
            && zones.allSatisfy { zone in
                var calendar = Calendar(identifier: .gregorian)
                calendar.timeZone = zone
                let hour = calendar.component(.hour, from: moment)
                return hour >= Self.begin || hour < Self.end
            }
    }
}
