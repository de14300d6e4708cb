import Hummingbird
import Logging
import NIOCore
import Store

/// What a request carries on its way to a page.
package struct ConsoleContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The other end of the connection: the reverse proxy, where there is one.
    let peer: SocketAddress?
    /// Who is signed in, once ``VisitorMiddleware`` has looked.
    var visitor: Visitor?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress
    }

    /// A form of this size holds any text; uploads have a way of their own.
    package var maxUploadSize: Int { 64 * 1024 }
}
