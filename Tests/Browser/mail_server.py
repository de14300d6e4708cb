"""A mail server on loopback that keeps what it is given; shares no code with the gateway."""

import email
import email.policy
import re
import socketserver
import threading


class MailServer:
    """Use as a context manager; `mails` are (address, subject, text), oldest first."""

    def __init__(self):
        self.mails = []
        keep = self.mails

        class Peer(socketserver.StreamRequestHandler):
            def say(self, words):
                self.wfile.write(words.encode() + b"\r\n")

            def handle(self):
                self.say("220 test")
                to = None
                while line := self.rfile.readline().decode().strip():
                    verb = line[:4].upper()
                    if verb == "EHLO":
                        self.say("250-test")
                        self.say("250 8BITMIME")
                    elif verb == "RCPT":
                        to = re.search(r"<(.+)>", line).group(1)
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 go on")
                        lines = []
                        while (part := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(part)
                        mail = email.message_from_bytes(
                            b"".join(lines), policy=email.policy.default)
                        keep.append((to, str(mail["Subject"]), mail.get_content()))
                        self.say("250 queued")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Peer)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}?from=texts@example.org"

    def link(self, address):
        """The link in the newest mail to an address; None if none has come."""
        texts = [text for to, _, text in self.mails if to == address]
        found = re.findall(r"http://\S+", texts[-1]) if texts else []
        return found[-1] if found else None
