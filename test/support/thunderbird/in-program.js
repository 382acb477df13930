// Inside of Thunderbird, with its own modules: what its account set-up does when somebody types name, address and password, and what its
// windows do with the account. `deeds` are called by name from outside.

const module = (path) => ChromeUtils.importESModule(`resource:///modules/${path}.sys.mjs`)
const { MailServices } = module('MailServices')

const POLL_MS = 50
const WAIT_MAX_MS = 15_000
const POLLS_A_LOOK = 40

// biome-ignore lint/correctness/noUnusedVariables: called by name
const deeds = {
  /** A certificate of an authority, in base64. */
  trust(certificate) {
    const database = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB)
    database.addCertFromBase64(certificate, 'CT,,')
  },

  /** Of the DNS: it has no other, and asks none. */
  dns(records) {
    const { DNS } = module('DNS')
    DNS.lookup = async () => {
      throw new Error('no such record')
    }
    for (const kind of ['mx', 'srv', 'txt']) {
      DNS[kind] = async (name) => records[kind]?.[name] ?? []
    }
  },

  /** What it finds, and which host it asks about before it goes on: whoever types says yes. */
  async find(who) {
    const { config, doubts } = await discover(who)
    return { ...(config && shown(config)), doubts }
  },

  /** To the end, with a login before the account is made; what is wrong is thrown. */
  async setUp(who) {
    const { ConfigVerifier } = module('accountcreation/ConfigVerifier')
    const { CreateInBackend } = module('accountcreation/CreateInBackend')
    const { AccountConfig } = module('accountcreation/AccountConfig')
    const { config } = await discover(who)
    AccountConfig.replaceVariables(config, who.name, who.address, who.password)
    config.rememberPassword = true
    const { msgWindow } = Services.wm.getMostRecentWindow('mail:3pane')
    const verifier = new ConfigVerifier(msgWindow, new AbortController().signal)
    await verifier.verifyConfig(config, false)
    await CreateInBackend.createAccountInBackend(config)
  },

  /** Names of the folders that the account has. */
  async folders() {
    const { incomingServer } = account()
    await come('INBOX', () => inbox())
    return incomingServer.rootFolder.descendants.map((folder) => folder.name).sort()
  },

  /** Once a message of this subject is in the inbox; `looks`: it looks into it again and again, else it is told. */
  async read(subject, { looks }) {
    const folder = await come('INBOX', inbox)
    let polls = 0
    const header = await come(subject, () => {
      if (looks && polls++ % POLLS_A_LOOK === 0) look(folder)
      return find(folder, subject)
    })
    return text(header)
  },

  /** Written, delivered, and put into the folder of what was sent. */
  async send(to, subject, body) {
    const { defaultIdentity, key } = account()
    const fields = Cc['@mozilla.org/messengercompose/composefields;1'].createInstance(
      Ci.nsIMsgCompFields,
    )
    Object.assign(fields, { from: defaultIdentity.email, to, subject })
    const sender = Cc['@mozilla.org/messengercompose/send;1'].createInstance(Ci.nsIMsgSend)
    const told = []
    let done = false
    const listener = {
      QueryInterface: ChromeUtils.generateQI(['nsIMsgSendListener', 'nsIMsgCopyServiceListener']),
      onStartSending() {},
      onProgress() {},
      onStatus() {},
      onSendNotPerformed() {},
      onGetDraftFolderURI() {},
      onTransportSecurityError: (_, status) => told.push(`security ${status.toString(16)}`),
      onStopSending: (_, status, message) => told.push(outcome('sent', status, message)),
      onStartCopy() {},
      setMessageKey() {},
      onStopCopy(status) {
        told.push(outcome('kept', status))
        done = true
      },
    }
    await sender.createAndSendMessage(
      null,
      defaultIdentity,
      key,
      fields,
      false,
      false,
      Ci.nsIMsgCompDeliverMode.Now,
      null,
      'text/plain',
      body,
      null,
      null,
      listener,
      '',
      '',
      Ci.nsIMsgCompType.New,
    )
    await come('the copy', () => done)
    return told
  },
}

/** As the set-up looks: the domain's own autoconfig, the database of Mozilla, the MX, and Exchange, at the same time. */
async function discover({ address }) {
  const { FindConfig } = module('accountcreation/FindConfig')
  const [, domain] = address.split('@')
  const search = FindConfig.parallelAutoDiscovery(domain, address, new AbortController().signal)
  const doubts = []
  let { value, done } = await search.next()
  while (!done) {
    doubts.push(value.host)
    ;({ value, done } = await search.next({ acceptRedirect: true }))
  }
  return { config: value, doubts }
}

const nameOf = (names, value) => Object.keys(names).find((name) => names[name] === value) ?? value

const server = ({ type, hostname, port, socketType, auth, username }) => ({
  ...{ type, hostname, port, username },
  socketType: nameOf(Ci.nsMsgSocketType, socketType),
  auth: nameOf(Ci.nsMsgAuthMethod, auth),
})

const shown = (config) => ({
  from: config.subSource,
  name: config.displayName,
  incoming: [config.incoming, ...config.incomingAlternatives].map(server),
  outgoing: [config.outgoing, ...config.outgoingAlternatives].map(server),
})

const account = () => MailServices.accounts.defaultAccount
const inbox = () =>
  account().incomingServer.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox)
const find = (folder, subject) =>
  [...folder.messages].find((header) => header.mime2DecodedSubject === subject)

/** While the folder is busy with something else it is refused, or comes to nothing. */
function look(folder) {
  try {
    folder.updateFolder(null)
  } catch {
    // The next look is soon.
  }
}

async function text(header) {
  const { folder } = header
  const stream = Cc['@mozilla.org/network/sync-stream-listener;1'].createInstance(
    Ci.nsISyncStreamListener,
  )
  MailServices.messageServiceFromURI(folder.URI).streamMessage(
    folder.getUriForMsg(header),
    stream,
    null,
    null,
    false,
    '',
    false,
  )
  const { inputStream } = stream
  return NetUtil.readInputStreamToString(inputStream, inputStream.available(), { charset: 'UTF-8' })
}

const outcome = (what, status, message) =>
  status === 0 ? what : `${what}: ${status.toString(16)} ${message ?? ''}`

async function come(what, ask) {
  const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs')
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const answer = ask()
    if (answer) return answer
    if (waitedMs > WAIT_MAX_MS) throw new Error(`it did not come to pass: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
