// An example or two of every command, for its help and its manual page. A test reads each as the command line does.

import type { Command } from 'commander'
import { leavesOf, pathOf } from './command-tree.ts'

const id = '01M0TEXAMP1E000000'
const job = 'j0199d3c5b7aa1b2c3d4e5'
const organization = 'm-0123456789abcdef0123456789abcdef'

/** Behind `postwolke`. */
const lines: { readonly [path: string]: readonly string[] } = {
  'import workmail': [
    'import workmail --from workmail --dry-run',
    `import workmail --organization ${organization} --region eu-west-1 --links links.txt`,
  ],
  'import workmail-export': [
    'import workmail-export ann.zip --account ann@example.org --dry-run',
    'import workmail-export s3://exports/workmail/ann.zip --region eu-west-1 --account ann@example.org',
  ],
  'migrate workmail plan': [
    'migrate workmail plan example.org --from workmail',
    'migrate workmail plan example.org --route53-zone Z0123456789ABCDEFGHIJ --ttl 86400',
  ],
  'migrate workmail status': ['migrate workmail status example.org'],
  'migrate workmail next': [
    'migrate workmail next example.org',
    'migrate workmail next example.org --apply',
  ],
  'migrate workmail back': ['migrate workmail back example.org'],
  'migrate workmail export-mail': [
    `migrate workmail export-mail --organization ${organization} --region eu-west-1 --bucket exports --role arn:aws:iam::123456789012:role/export --key arn:aws:kms:eu-west-1:123456789012:key/1`,
    `migrate workmail export-mail --organization ${organization} --region eu-west-1`,
  ],
  'import imap': [
    'import imap --host old.example.org --account ann@example.org --password-file ann.secret',
    'import imap --host old.example.org --accounts accounts.csv --parallel 8 --report report.json',
    'import imap --host old.example.org --accounts accounts.csv --admin cyrus --admin-password-file admin.secret --verify',
  ],
  'import plan': ["import plan '/var/mail/vhosts/%d/%n'"],
  'import maildir': [
    'import maildir /home/ann/Maildir --account ann@example.org --dry-run',
    "import maildir '/var/mail/vhosts/%d/%n' --live --report report.json",
  ],
  serve: ['serve --data /var/lib/postwolke'],
  install: ['install --hostname mail.example.org', 'install --dry-run'],
  uninstall: ['uninstall --dry-run'],
  status: ['status --json'],
  usage: ['usage', 'usage --server https://mail.example.org --json'],
  doctor: ['doctor', 'doctor example.org'],
  'domain add': ['domain add example.org --postmaster ann@example.org'],
  'domain list': ['domain list --server https://mail.example.org'],
  'domain show': ['domain show example.org'],
  'domain remove': ['domain remove example.org --force --yes'],
  'domain limit': ['domain limit example.org --accounts 50 --quota 100GB'],
  'domain dns': ['domain dns example.org --check', 'domain dns example.org --zone'],
  'domain import': ['domain import domains.txt --dry-run'],
  'account add': [
    'account add ann@example.org --quota 2GB',
    'account add bob@example.org --hash-file bob.hash',
  ],
  'account list': ['account list example.org'],
  'account show': ['account show ann@example.org --json'],
  'account set': [
    'account set ann@example.org --quota 4GB',
    'account set ann@example.org --password',
  ],
  'account remove': ['account remove ann@example.org'],
  'account empty': ['account empty ann@example.org --yes'],
  'account forward': [
    'account forward ann@example.org --to ann@example.net --keep',
    'account forward ann@example.org --off',
  ],
  'account freeze': ["account freeze eve@example.org --reason 'sends spam'"],
  'account unfreeze': ['account unfreeze eve@example.org --release'],
  'account app-password add': [
    'account app-password add ann@example.org --name Thunderbird --for imap smtp',
  ],
  'account app-password list': ['account app-password list ann@example.org'],
  'account app-password revoke': ['account app-password revoke ann@example.org a1b2c3d4e5f6'],
  'account setup': ['account setup ann@example.org --name Phone'],
  'account logins': ['account logins ann@example.org', 'account logins ann@example.org --end'],
  'account contain': [
    "account contain eve@example.org --reason 'password was stolen' --bar-password",
  ],
  'account release': ['account release eve@example.org'],
  'account sessions': ['account sessions ann@example.org --end-all'],
  'account invite': ['account invite ann@example.org'],
  'account recovery show': ['account recovery show ann@example.org'],
  'account recovery set': ['account recovery set ann@example.org ann@example.net'],
  'account recovery remove': ['account recovery remove ann@example.org'],
  'account factors': ['account factors ann@example.org'],
  'account import': ['account import passwd --dry-run', 'account import accounts.csv --update'],
  'account sending': [
    'account sending ann@example.org',
    'account sending ann@example.org --forget',
  ],
  'greylist list': ['greylist list 192.0.2.1', 'greylist list ann@example.org --since 7d'],
  'greylist scores': ['greylist scores 192.0.2.1'],
  'greylist show': ['greylist show 192.0.2.1'],
  'greylist allow': [
    'greylist allow 192.0.2.1',
    'greylist allow 192.0.2.1 --sender bob@example.net --recipient ann@example.org',
  ],
  'greylist forget': ['greylist forget 192.0.2.1'],
  'held-login list': ['held-login list', 'held-login list ann@example.org'],
  'held-login release': ['held-login release ann@example.org', 'held-login release 192.0.2.1'],
  'role list': ['role list'],
  'role set': ['role set ann@example.org domain-admin --domains example.org example.net'],
  'token list': ['token list'],
  'token add': [
    'token add ann@example.org --name backup --scope trace.read queue.read --expires 30d',
  ],
  'token revoke': ['token revoke 0123456789abcdef.0123456789'],
  'owner list': ['owner list'],
  'owner grant': ['owner grant ann@example.org'],
  'owner revoke': ['owner revoke ann@example.org'],
  'owner link': ['owner link'],
  'owner recover': ['owner recover ann@example.org'],
  'audit list': [
    'audit list --since 3d --actor ann@example.org',
    'audit list --operation accounts.setPassword --since 7d --until 1d',
  ],
  'audit export': ['audit export --since 30d'],
  'audit show': ['audit show 20261129-0123456789'],
  'audit verify': ['audit verify'],
  'alias add': [
    'alias add info@example.org ann@example.org bob@example.net',
    'alias add @example.org ann@example.org',
  ],
  'alias list': ['alias list example.org'],
  'alias show': ['alias show info@example.org'],
  'alias tree': ['alias tree info@example.org'],
  'alias set': ['alias set info@example.org bob@example.org'],
  'alias remove': ['alias remove info@example.org'],
  'alias import': ['alias import /etc/postfix/virtual'],
  'access list': ['access list clients'],
  'access set': ['access set clients 192.0.2.0/24 REJECT go away'],
  'access remove': ['access remove clients 192.0.2.0/24'],
  'access test': ['access test clients client 192.0.2.1'],
  'access import': ['access import clients /etc/postfix/client_access --dry-run'],
  'srs show': ['srs show SRS0=abcd=ef=example.net=ann@example.org'],
  'srs rotate': ['srs rotate'],
  'dkim list': ['dkim list example.org'],
  'dkim check': ['dkim check example.org'],
  'dkim rotate': ['dkim rotate example.org --algorithm ed25519'],
  'dkim revoke': ['dkim revoke example.org s1'],
  'dkim force': ['dkim force example.org s1'],
  'dkim import': ['dkim import example.org s1 s1.private'],
  'acl show': ['acl show ann@example.org INBOX'],
  'acl set': ['acl set ann@example.org INBOX bob@example.org lrs'],
  'acl remove': ['acl remove ann@example.org INBOX bob@example.org'],
  'sieve list': ['sieve list ann@example.org', 'sieve list site'],
  'sieve show': ['sieve show ann@example.org work --lines'],
  'sieve put': [
    'sieve put ann@example.org work work.sieve --activate',
    'sieve put site spam spam.sieve',
  ],
  'sieve activate': ['sieve activate ann@example.org work'],
  'sieve deactivate': ['sieve deactivate ann@example.org'],
  'sieve rename': ['sieve rename ann@example.org work work-2025'],
  'sieve remove': ['sieve remove ann@example.org work-2025'],
  'sieve check': ['sieve check work.sieve'],
  'sieve run': [
    'sieve run ann@example.org letter.eml --file work.sieve',
    'sieve run ann@example.org --uid 17 --script work',
  ],
  'sieve from-procmail': [
    'sieve from-procmail .procmailrc',
    'sieve from-procmail old/.procmailrc --login ann --json',
  ],
  'queue list': ['queue list --deferred --older 4h', 'queue list --json --limit 100'],
  'queue show': [`queue show ${id}`],
  'queue hold': [`queue hold ${id}`, 'queue hold --sender eve@example.org'],
  'queue release': ['queue release --hold --yes'],
  'queue expire': ['queue expire --destination example.net'],
  'queue delete': ['queue delete --sender @example.net --yes'],
  'queue flush': ['queue flush', 'queue flush example.net'],
  'queue cat': [`queue cat ${id} --header`],
  'queue top': ['queue top --by reason'],
  'queue stats': ['queue stats'],
  'quarantine list': ['quarantine list'],
  'quarantine show': [`quarantine show ${id}`],
  'quarantine release': [`quarantine release ${id} --not-spam`],
  'quarantine delete': [`quarantine delete ${id}`],
  'postfix link': ['postfix link /usr/local/sbin'],
  trace: ['trace ann@example.org --since 7d', `trace ${id}`],
  search: ['search ann'],
  'job list': ['job list'],
  'job show': [`job show ${job}`],
  'job cancel': [`job cancel ${job}`],
  'job undo': [`job undo ${job}`],
  'job errors': [`job errors ${job}`],
  'job output': [`job output ${job}`],
  'storage collect': ['storage collect --now'],
  'config show': ['config show tls', 'config show --changed'],
  'config check': ['config check --set hostname=mail.example.org'],
  'setting list': ['setting list backoff'],
  'setting show': ['setting show minimalBackoffTime'],
  'setting set': ['setting set minimalBackoffTime 10m --server https://mail.example.org'],
  'setting reset': ['setting reset minimalBackoffTime'],
  'policy explain': [
    `policy explain ${id}`,
    'policy explain --client 192.0.2.1 --recipient ann@example.org',
  ],
  'policy list': ['policy list'],
  'policy replay': [
    'policy replay --since 1d --set greylisting=true',
    'policy replay --change policyRecordLifetime=30d --server https://mail.example.org',
  ],
  'policy spf': ['policy spf --ip 192.0.2.1 --sender ann@example.org'],
  'policy dkim': ['policy dkim message.eml'],
  'policy dmarc': ['policy dmarc message.eml'],
  'policy arc': ['policy arc message.eml'],
  backup: ['backup /srv/backup/postwolke', 'backup /srv/backup/postwolke --verify'],
  restore: ['restore /srv/backup/postwolke --data /var/lib/postwolke'],
  check: ['check'],
  compact: ['compact'],
  completion: ['completion bash'],
  man: ['man /usr/local/share/man/man1'],
  login: [
    'login https://mail.example.org --as ann@example.org',
    'login mail.example.org --token-stdin',
  ],
  logout: ['logout https://mail.example.org'],
  whoami: ['whoami --server https://mail.example.org'],
}

export const examples: { readonly [path: string]: readonly string[] | undefined } =
  Object.fromEntries(
    Object.entries(lines).map(([path, all]) => [path, all.map((line) => `postwolke ${line}`)]),
  )

/** Before whatever else stands behind the options. */
export function addExamples(program: Command): void {
  for (const command of leavesOf(program)) {
    const of = examples[pathOf(command)] ?? []
    command.addHelpText('after', ['', 'Examples:', ...of.map((line) => `  ${line}`)].join('\n'))
  }
}
