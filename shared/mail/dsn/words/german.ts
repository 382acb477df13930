import { type Facts, namesIn, type Outcome, type Words } from './words.ts'

export const german: Words = {
  subjects: {
    failure: 'Nachricht nicht zugestellt',
    delay: 'Nachricht noch nicht zugestellt (wird weiter versucht)',
    success: 'Nachricht zugestellt',
    verify: 'Bericht zu Mailadressen',
    problem: 'Problem bei der Zustellung',
  },
  postmasterSubjects: {
    failure: 'Kopie an den Postmaster: Nachricht nicht zugestellt',
    delay: 'Hinweis an den Postmaster: Nachricht noch nicht zugestellt',
    success: 'Kopie an den Postmaster: Nachricht zugestellt',
    verify: 'Kopie an den Postmaster: Bericht zu Mailadressen',
    problem: 'Hinweis an den Postmaster: Problem bei der Zustellung',
  },
  reasons: {
    'no-such-address': {
      what: 'diese Adresse gibt es nicht',
      advice:
        'Bitte prüfen Sie sie auf Tippfehler, oder fragen Sie den Empfänger nach der richtigen.',
    },
    'no-such-domain': {
      what: 'an diese Domain lässt sich keine Mail senden',
      advice: 'Bitte prüfen Sie, was hinter dem @ steht, auf Tippfehler.',
    },
    moved: {
      what: 'der Empfänger ist umgezogen, und niemand weiß wohin',
      advice: 'Bitte fragen Sie den Empfänger nach der neuen Adresse.',
    },
    'sender-refused': {
      what: 'das empfangende System nimmt Ihre eigene Adresse nicht als Absender an',
      advice: 'Bitte prüfen Sie, mit welcher Adresse Ihr Mailprogramm sendet.',
    },
    disabled: {
      what: 'das Postfach ist außer Betrieb',
      advice: 'Bitte erreichen Sie den Empfänger auf einem anderen Weg.',
    },
    full: {
      what: 'das Postfach ist voll',
      advice:
        'Bitte sagen Sie es dem Empfänger auf einem anderen Weg, oder senden Sie die Nachricht später noch einmal.',
    },
    'too-large': {
      what: 'die Nachricht ist zu groß',
      advice:
        'Bitte senden Sie sie mit kleineren Anhängen, oder bieten Sie diese zum Herunterladen an.',
    },
    expired: {
      what: 'so lange wir es auch versucht haben, es gelang nicht',
      advice:
        'Bitte senden Sie die Nachricht später noch einmal, oder erreichen Sie den Empfänger auf einem anderen Weg.',
    },
    loop: {
      what: 'die Nachricht dreht sich zwischen Mailsystemen im Kreis',
      advice: 'Bitte sagen Sie es dem Empfänger oder dem Betreiber dieser Domain.',
    },
    unreachable: {
      what: 'das empfangende System ist nicht zu erreichen',
      advice: 'Bitte senden Sie die Nachricht später noch einmal.',
    },
    'not-secure': {
      what: 'es kam keine Verbindung zustande, die so sicher ist, wie sie sein muss',
      advice: 'Bitte sagen Sie es dem Betreiber dieser Domain.',
    },
    'not-authenticated': {
      what: 'das empfangende System konnte nicht feststellen, dass die Nachricht wirklich von Ihnen ist',
      advice: 'Bitte zeigen Sie diese Mitteilung dem, der die Mail Ihrer eigenen Domain betreibt.',
    },
    refused: {
      what: 'das empfangende System will sie nicht',
      advice: 'Den Grund nennt es unten mit eigenen Worten.',
    },
    content: {
      what: 'das empfangende System kann eine Nachricht dieser Form nicht annehmen',
      advice: 'Den Grund nennt es unten mit eigenen Worten.',
    },
    international: {
      what: 'das empfangende System nimmt keine Adressen mit anderen als englischen Buchstaben',
      advice:
        'Bitte fragen Sie den Empfänger nach einer anderen Adresse, oder senden Sie von einer anderen.',
    },
    ours: {
      what: 'ein Mailsystem auf dem Weg hat selbst ein Problem',
      advice: 'Bitte senden Sie die Nachricht später noch einmal, oder sagen Sie es dem Betreiber.',
    },
    unknown: {
      what: 'das empfangende System hat sie abgelehnt',
      advice: 'Den Grund nennt es unten mit eigenen Worten.',
    },
  },

  opening(facts) {
    const { kind, count, outcomes, hours, retriesUntil } = facts
    const whose = facts.reader === 'sender' ? 'Ihre Nachricht' : messageOf(facts)
    const first = outcomes[0]
    switch (kind) {
      case 'failure': {
        if (outcomes.length === 1 && first !== undefined) {
          const { what, advice } = reasonOf(first)
          return [
            `${whose} konnte nicht zugestellt werden an ${named(first)}: ${what}. Es wird nicht weiter versucht.`,
            advice,
          ]
        }
        return [
          `${whose} konnte ${count} ihrer Empfänger nicht zugestellt werden. Für diese wird es nicht weiter versucht.`,
          ...outcomes.map((one) => {
            const { what, advice } = reasonOf(one)
            return `${named(one)}: ${what}. ${advice}`
          }),
        ]
      }
      case 'delay':
        return [
          `${whose} ist nach ${hours === 1 ? 'einer Stunde' : `${hours} Stunden`} noch nicht angekommen bei ${allNamed(outcomes)}. Sie müssen nichts tun und sie nicht noch einmal senden.`,
          `Es wird weiter versucht, bis ${retriesUntil}. Gelingt es bis dahin nicht, so sagt es eine weitere Mitteilung.`,
        ]
      case 'success':
        return outcomes.map((one) => {
          switch (one.reason) {
            case 'relayed':
              return `${whose} an ${named(one)} wurde einem Mailsystem übergeben, das keine solchen Berichte sendet: Sie hören nur noch davon, wenn die Zustellung misslingt.`
            case 'expanded':
              return `${whose} an ${named(one)} wurde an alle Adressen dahinter weitergesandt. Diese melden keinen eigenen Erfolg.`
            default:
              return `${whose} wurde zugestellt an ${named(one)}.`
          }
        })
      case 'verify':
        return [
          'Dies ist der gewünschte Bericht, ob an diese Adressen Mail zugestellt werden kann. Ihnen wurde nichts gesandt.',
        ]
      case 'problem':
        return [
          `${messageOf(facts)} traf auf ein Problem dieses Systems, oder darauf, wie es mit einem anderen spricht. Was mit der Nachricht selbst geschieht, geht seinen üblichen Gang.`,
        ]
    }
  },

  closing({ hostname, postmaster, reader, returned }) {
    const sentBack =
      returned === 'full' ? 'Ihre Nachricht liegt bei.' : 'Der Kopf Ihrer Nachricht liegt bei.'
    return reader === 'sender'
      ? [
          `Diese Mitteilung schrieb das Mailsystem ${hostname}; Antworten darauf liest niemand. Wenn Sie Hilfe brauchen, senden Sie sie bitte an ${postmaster}.${returned === null ? '' : ` ${sentBack}`}`,
        ]
      : [`Diese Mitteilung schrieb das Mailsystem ${hostname}.`]
  },
}

function reasonOf({ reason }: Outcome) {
  switch (reason) {
    case 'delivered':
    case 'relayed':
    case 'expanded':
    case 'deliverable':
      return german.reasons.unknown
    default:
      return german.reasons[reason]
  }
}

const messageOf = ({ sender }: Facts) =>
  sender === '' ? 'Der Bericht eines Mailsystems' : `Eine Nachricht von <${sender}>`

const { named, allNamed } = namesIn({ behind: 'hinter', and: 'und', more: 'weitere' })
