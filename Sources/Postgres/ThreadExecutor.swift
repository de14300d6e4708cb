import Glibc

/// A serial executor with a thread of its own, for an actor that makes blocking calls.
///
/// A slow call holds that thread, never one of the few that all other tasks share. The thread
/// ends when the last reference is gone.
final class ThreadExecutor: SerialExecutor {
    private let mailbox = Mailbox()

    /// Starts the thread.
    ///
    /// - Throws: ``PostgresError`` if the system allows no further thread.
    init() throws {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(mailbox)
        let failure = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Mailbox>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard failure == 0 else {
            box.release()
            throw PostgresError(
                .unreachable, "The system allows no further thread for a connection.")
        }
        pthread_detach(thread)
    }

    deinit { mailbox.stop() }

    func enqueue(_ job: consuming ExecutorJob) { mailbox.put(UnownedJob(job), for: self) }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }
}

/// Jobs on their way to the thread.
///
/// `@unchecked Sendable`: `jobs` and `isStopped` are only touched under `lock`. A queued job
/// keeps its executor alive until it ran; the thread keeps this object alive until it ends.
private final class Mailbox: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let signal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [(job: UnownedJob, executor: ThreadExecutor)] = []
    private var isStopped = false

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(signal, nil)
    }

    deinit {
        pthread_cond_destroy(signal)
        pthread_mutex_destroy(lock)
        signal.deallocate()
        lock.deallocate()
    }

    func put(_ job: UnownedJob, for executor: ThreadExecutor) {
        pthread_mutex_lock(lock)
        jobs.append((job, executor))
        pthread_cond_signal(signal)
        pthread_mutex_unlock(lock)
    }

    func stop() {
        pthread_mutex_lock(lock)
        isStopped = true
        pthread_cond_signal(signal)
        pthread_mutex_unlock(lock)
    }

    /// The thread's whole life.
    func run() {
        while let batch = take() {
            for (job, executor) in batch {
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
    }

    /// All waiting jobs, in order; `nil` once stopped and empty.
    private func take() -> [(job: UnownedJob, executor: ThreadExecutor)]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while jobs.isEmpty {
            if isStopped { return nil }
            pthread_cond_wait(signal, lock)
        }
        defer { jobs = [] }
        return jobs
    }
}
