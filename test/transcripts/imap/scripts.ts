// Sieve scripts that transcripts find, by name: of every account, and the administrator's.

const everything = 'require ["imapsieve", "environment", "variables", "imap4flags", "fileinto"];'

/** Puts a copy into Archive, with a keyword for each thing that it was told. */
const telling = `${everything}
set "cause" "none"; set "box" "none"; set "user" "none";
if environment :matches "imap.cause" "*" { set "cause" "\${1}"; }
if environment :matches "imap.mailbox" "*" { set "box" "\${1}"; }
if environment :matches "imap.user" "*@*" { set "user" "\${1}"; }
if allof (environment :is "location" "MS", environment :is "phase" "post") {
  addflag "flags" ["\${cause}", "box-\${box}", "by-\${user}"];
}
if environment :contains "imap.changedflags" "\\\\Flagged" { addflag "flags" "changed-Flagged"; }
if environment :contains "imap.changedflags" "$Work" { addflag "flags" "changed-Work"; }
if environment :is "imap.changedflags" "" { addflag "flags" "changed-none"; }
if hasflag "\\\\Flagged" { addflag "flags" "has-Flagged"; }
setflag "\${flags}";
fileinto "Archive";`

export const scripts: { readonly [name: string]: string } = {
  telling,
  /** Whatever happens here is copied here. */
  circle: 'require ["fileinto", "copy"]; fileinto :copy "INBOX";',
  /** RFC 6785 §5, example 1. */
  example1: `require ["copy", "environment", "imapsieve"];
if anyof (environment :is "imap.cause" "APPEND", environment :is "imap.cause" "COPY") {
  if environment :is "imap.mailbox" "ActionItems" { redirect :copy "actionitems@example.com"; }
}`,
  /** RFC 6785 §5, example 2, by mail. */
  example2: `require ["enotify", "imap4flags", "variables", "environment", "imapsieve"];
if environment :matches "imap.mailbox" "*" { set "mailbox" "\${1}"; }
if allof (hasflag "\\\\Flagged", environment :contains "imap.changedflags" "\\\\Flagged") {
  notify :message "Important message in \${mailbox}" "mailto:tim@example.com";
}`,
  discarding: 'discard;',
  keeping: 'discard; keep;',
  marking: 'require "imap4flags"; addflag ["\\\\Flagged", "$Marked"];',
  /** As soon as its flags change a message gets another one; each change would be one more. */
  counting: `require ["imap4flags", "environment", "imapsieve"];
if environment :is "imap.cause" "FLAG" {
  if hasflag "one" { addflag "two"; } else { addflag "one"; }
} else { addflag "came"; }`,
  /** It changes what it keeps and what it files. */
  editing: `require ["editheader", "fileinto", "copy"];
addheader "X-Edited" "yes"; fileinto :copy "Archive"; keep;`,
  away: 'require "vacation"; vacation "Away.";',
  refusing: 'require "reject"; reject "No.";',
  enveloped: 'require "envelope"; if envelope "from" "x" { discard; }',
  failing: 'require "ihave"; error "on purpose";',
  including: 'require "include"; include :personal "away";',
  /** Part of a filter for delivery that answers and refuses besides. */
  sorting: `require ["fileinto", "vacation", "reject", "envelope", "imap4flags", "environment"];
if environment :is "imap.cause" "" { vacation "Away."; }
if header :contains "subject" "message 1" { discard; stop; }
if header :contains "subject" "message 2" { fileinto "Archive"; stop; }
if header :contains "subject" "message 3" { addflag "$Seen2"; stop; }
if envelope :is "from" "sender4@remote.test" { fileinto "INBOX"; stop; }`,
  rejecting: `require ["reject", "imap4flags"];
if header :contains "subject" "message 1" { reject "No."; stop; }`,
  events: 'require ["imapsieve"]; discard;',
}

/** The administrator's. */
export const siteScripts: { readonly [name: string]: string } = {
  flagged: 'require "imap4flags"; addflag "$Site";',
}
