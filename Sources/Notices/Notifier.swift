import Curl
import Foundation

/// How our own people are told: by mail and by Web Push, as far as they are configured.
package struct Notifier: Sendable {
    package let mailer: Mailer?
    package let push: WebPush?

    package init(mailer: Mailer?, push: WebPush?) {
        self.mailer = mailer
        self.push = push
    }
}
