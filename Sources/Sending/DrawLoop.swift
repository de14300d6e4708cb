import Foundation
import Logging
import Store

/// Draws the next recipients of a paced campaign into the outbox; see Store's draw.
package struct PacedDraw: Sendable {
    /// - Returns: how many recipients were drawn.
    package typealias Draw =
        @Sendable (
            _ campaign: CampaignFacts, _ count: Int, _ isOpen: @escaping @Sendable (Int16) -> Date?
        ) async throws -> Int

    let draw: Draw

    package init(draw: @escaping Draw) { self.draw = draw }
}

/// Keeps a few seconds' worth of first texts in the outbox of each live paced campaign: enough to
/// use every slot, little enough that a pause or a stop finds most people undrawn.
struct DrawLoop: Sendable {
    static let interval = Duration.milliseconds(200)
    static let secondsAhead = 3.0
    static let textsMax = 4_000

    let parts: WorkerParts
    let draw: PacedDraw

    func run() async {
        while !Task.isCancelled, !parts.isStopping {
            do {
                let drawn = try await round()
                try? await Task.sleep(for: drawn > 0 ? .milliseconds(20) : Self.interval)
            } catch {
                parts.logger.warning("A draw failed.", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func round() async throws -> Int {
        let world = parts.world.now
        let live = world.campaigns.values.filter { $0.state == "live" && $0.mode == "paced" }
        guard !live.isEmpty else { return 0 }
        let waiting = try await parts.store.facts.waitingTexts()
        let rates = try await parts.store.facts.poolRates()
        var drawn = 0
        for campaign in live {
            let key = PoolKey(organisation: campaign.organisation, pool: campaign.pool)
            guard let rate = rates[key] else { continue }
            let target = min(Double(Self.textsMax), max(20, rate * Self.secondsAhead))
            let room = Int(target) - waiting[campaign.id, default: 0]
            guard room > 0, let organisation = world.organisations[campaign.organisation] else {
                continue
            }
            let now = parts.clock.now
            drawn += try await draw.draw(campaign, room) { [parts] zoneSet in
                let window = parts.world.window(
                    organisation: organisation, campaign: campaign, zoneSet: zoneSet, at: now)
                return window.flatMap { $0.contains(now.second) ? $0.closesAt : nil }
            }
        }
        return drawn
    }
}
