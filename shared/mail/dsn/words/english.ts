import { type Facts, namesIn, type Outcome, type Words } from './words.ts'

export const english: Words = {
  // Postfix's: filters and people know them.
  subjects: {
    failure: 'Undelivered Mail Returned to Sender',
    delay: 'Delayed Mail (still being retried)',
    success: 'Successful Mail Delivery Report',
    verify: 'Mail Delivery Status Report',
    problem: 'Problem Delivering Mail',
  },
  postmasterSubjects: {
    failure: 'Postmaster Copy: Undelivered Mail',
    delay: 'Postmaster Warning: Delayed Mail',
    success: 'Postmaster Copy: Successful Mail Delivery Report',
    verify: 'Postmaster Copy: Mail Delivery Status Report',
    problem: 'Postmaster Warning: Problem Delivering Mail',
  },
  reasons: {
    'no-such-address': {
      what: 'there is no such address',
      advice: 'Please check it for typing mistakes, or ask the recipient for the right one.',
    },
    'no-such-domain': {
      what: 'no mail can be sent to that domain',
      advice: 'Please check what stands behind the @ for typing mistakes.',
    },
    moved: {
      what: 'the recipient has moved, and nobody knows where to',
      advice: 'Please ask the recipient for the new address.',
    },
    'sender-refused': {
      what: 'their system does not accept your own address as the sender',
      advice: 'Please check the address that your mail program sends from.',
    },
    disabled: {
      what: 'the mailbox is out of use',
      advice: 'Please reach the recipient in some other way.',
    },
    full: {
      what: 'the mailbox is full',
      advice: 'Please tell the recipient in some other way, or send it again later.',
    },
    'too-large': {
      what: 'the message is too large',
      advice: 'Please send it again with smaller attachments, or offer them for download.',
    },
    expired: {
      what: 'it was tried for as long as we try, and never succeeded',
      advice: 'Please send it again later, or reach the recipient in some other way.',
    },
    loop: {
      what: 'the message goes in circles between mail systems',
      advice: 'Please tell the recipient, or whoever runs the mail of that domain.',
    },
    unreachable: {
      what: 'their mail system cannot be reached',
      advice: 'Please send it again later.',
    },
    'not-secure': {
      what: 'no connection was to be had that is as safe as it must be',
      advice: 'Please tell whoever runs the mail of that domain.',
    },
    'not-authenticated': {
      what: 'their system could not make sure that the message is really yours',
      advice: 'Please tell whoever runs the mail of your own domain, with this notice.',
    },
    refused: {
      what: 'their system does not want it',
      advice: 'Their reason stands below, in their own words.',
    },
    content: {
      what: 'their system cannot take a message of this form',
      advice: 'Their reason stands below, in their own words.',
    },
    international: {
      what: 'their system takes no addresses with other than English letters',
      advice: 'Please ask the recipient for another address, or send from another one.',
    },
    ours: {
      what: 'a mail system on the way has a problem of its own',
      advice: 'Please send it again later, or tell whoever runs that system.',
    },
    unknown: {
      what: 'their system refused it',
      advice: 'Their reason stands below, in their own words.',
    },
  },

  opening(facts) {
    const { kind, count, outcomes, hours, retriesUntil } = facts
    const whose = facts.reader === 'sender' ? 'Your message' : messageOf(facts)
    const first = outcomes[0]
    switch (kind) {
      case 'failure': {
        if (outcomes.length === 1 && first !== undefined) {
          const { what, advice } = reasonOf(first)
          return [
            `${whose} could not be delivered to ${named(first)}: ${what}. It will not be tried again.`,
            advice,
          ]
        }
        return [
          `${whose} could not be delivered to ${count} of its recipients. It will not be tried again for them.`,
          ...outcomes.map((one) => {
            const { what, advice } = reasonOf(one)
            return `${named(one)}: ${what}. ${advice}`
          }),
        ]
      }
      case 'delay':
        return [
          `${whose} has not reached ${allNamed(outcomes)} yet, after ${hours === 1 ? 'an hour' : `${hours} hours`}. You need not do anything, and need not send it again.`,
          `It is still tried, until ${retriesUntil}. Should it not be delivered by then, another notice says so.`,
        ]
      case 'success':
        return outcomes.map((one) => {
          switch (one.reason) {
            case 'relayed':
              return `${whose} to ${named(one)} was handed over to a mail system that sends no such reports: nothing more will be heard of it, unless it fails.`
            case 'expanded':
              return `${whose} to ${named(one)} was sent on to all addresses behind it. They report no success of their own.`
            default:
              return `${whose} was delivered to ${named(one)}.`
          }
        })
      case 'verify':
        return [
          'This is the report that was asked for: whether mail for these addresses can be delivered. Nothing was sent to them.',
        ]
      case 'problem':
        return [
          `${messageOf(facts)} met a problem of this system, or of how it speaks to another. What is done about the message itself goes its usual way.`,
        ]
    }
  },

  closing({ hostname, postmaster, reader, returned }) {
    const sentBack =
      returned === 'full' ? 'Your message is attached.' : 'The header of your message is attached.'
    return reader === 'sender'
      ? [
          `This notice was written by the mail system at ${hostname}; nobody reads replies to it. Should you need help, please send it to ${postmaster}.${returned === null ? '' : ` ${sentBack}`}`,
        ]
      : [`This notice was written by the mail system at ${hostname}.`]
  },
}

function reasonOf({ reason }: Outcome) {
  switch (reason) {
    case 'delivered':
    case 'relayed':
    case 'expanded':
    case 'deliverable':
      return english.reasons.unknown
    default:
      return english.reasons[reason]
  }
}

const messageOf = ({ sender }: Facts) =>
  sender === '' ? 'A report of a mail system' : `A message from <${sender}>`

const { named, allNamed } = namesIn({ behind: 'behind', and: 'and', more: 'more' })
