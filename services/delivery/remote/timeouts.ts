/** How long the other side may keep us waiting in each phase; RFC 5321 §4.5.3.2 has the least values. */
export type Timeouts = {
  readonly connectMs: number
  /** For the greeting, and for the answer to EHLO, HELO or LHLO. */
  readonly heloMs: number
  /** For the answer to STARTTLS, and for the handshake. */
  readonly starttlsMs: number
  /** For the answer to MAIL, and to each step of a login. */
  readonly mailMs: number
  readonly rcptMs: number
  /** For the answer to DATA. */
  readonly dataInitMs: number
  /** For taking the next piece of the message. */
  readonly dataXferMs: number
  /** For the answer to the whole message. */
  readonly dataDoneMs: number
  /** For the answer to RSET, with which a session is tried before it is used again. */
  readonly rsetMs: number
  /** Behind QUIT, for the other side to close the connection. */
  readonly quitMs: number
}
