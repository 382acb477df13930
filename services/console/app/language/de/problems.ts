// Was die API abgelehnt hat.

import type { MessageText } from '../../kit/message.ts'
import type { problems as english } from '../en/problems.ts'

export const problems = {
  'problem.exists': '{value} gibt es schon.',
  'problem.no-such-domain': '{domain} ist keine Domain dieses Systems.',
  'problem.not-empty':
    'Die Domain hat noch Adressen (Konten: {accounts}, Aliasse: {aliases}). Diese und ihre Mails gingen mit ihr.',
  'problem.no-such-account': 'Das Konto {value} gibt es nicht.',
  'problem.no-such-alias': 'Den Alias {value} gibt es nicht.',
  'problem.leads-nowhere':
    'Mail an {value} führt nirgendwohin: kein Alias, kein Konto, keine Auffangadresse.',
  'problem.not-signed-in': 'Sie sind nicht angemeldet.',
  'problem.wrong-credentials': 'Adresse oder Passwort ist falsch.',
  'problem.wrong-factor': 'Das stimmt nicht. Versuchen Sie es erneut.',
  'problem.too-many-requests': 'Zu viele Versuche. Warten Sie etwas und versuchen Sie es erneut.',
  'problem.ticket-gone':
    'Das dauerte zu lange oder war zu oft falsch. Beginnen Sie wieder mit dem Passwort.',
  'problem.too-many-failures': 'Zu viele Versuche. Warten Sie etwas und versuchen Sie es erneut.',
  'problem.no-such-factor': 'Einen solchen Faktor gibt es nicht.',
  'problem.session-ended': 'Ihre Sitzung ist abgelaufen.',
  'problem.invitation-gone': 'Dieser Link wurde schon benutzt oder ist älter als 24 Stunden.',
  'problem.no-issuer': 'Hier meldet sich niemand anderswo an: Es ist kein Aussteller eingestellt.',
  'problem.issuer-down':
    'Der Aussteller antwortet nicht. Melden Sie sich mit Passwort an, oder später.',
  'problem.issuer-refused': 'Der Aussteller hat Sie nicht hereingelassen.',
  'problem.no-account': 'Der Aussteller kennt Sie, aber kein Konto hier gehört Ihnen.',
  'problem.not-begun':
    'Diese Anmeldung wurde nicht hier begonnen, oder vor zu langer Zeit. Beginnen Sie erneut.',
  'problem.step-up-required': 'Dafür ist ein neuer Nachweis nötig, dass Sie es sind.',
  'problem.no-right': 'Ihre Rolle darf das nicht.',
  'problem.more-rights': 'Niemand handelt an jemandem, der mehr Rechte hat.',
  'problem.changed-meanwhile': 'Jemand anderes hat dies inzwischen geändert.',

  'warning.no-postmaster': 'Niemand liest nun Mail an postmaster von {domain}.',
  'warning.alias-comes-first': '{address} ist auch ein Alias: Mail geht dahin, wohin er führt.',
  'warning.account-gets-nothing':
    'Das Konto {address} erhält nun keine Mail: Der Alias führt anderswohin.',
  'warning.mail-fails': 'Mail an {alias} scheitert bei {address}.',
  'warning.still-led-to': 'Aliasse führen noch zu {address}: {aliases}.',

  'rule.domain-name': 'Das ist kein Domainname.',
  'rule.mail-address': 'Das ist keine E-Mail-Adresse.',
  'rule.own-address':
    'Das kann hier keine Adresse sein: Der Teil vor dem @ hat 1 bis {localPartBytesMax}, die Domain keinen Unterstrich.',
  'rule.no-program': 'Ein Alias führt zu Adressen, nicht zu Programmen, Dateien oder Listen.',
  'rule.target-count': 'Ein Alias hat 1 bis {max} Ziele.',
  'rule.forward-count': 'Mail geht an höchstens {max} Adressen weiter.',
  'rule.quota': 'Erlaubt: default, unlimited, {allowed}.',
  'rule.quota-unit':
    'Schreiben Sie die Einheit dazu: {value}MB, oder {value}B, wenn das gemeint ist.',
  'rule.password': 'Ein Passwort ist eine Zeile von einem Zeichen bis zu {bytesMax} Bytes.',
  'rule.password-or-hash': 'Geben Sie ein Passwort an.',
  'rule.one-of': 'Erlaubt: {allowed}.',
  'rule.some-change': 'Es gibt nichts zu ändern.',
  'rule.one-line': 'Eine Zeile mit 1 bis {charactersMax} Zeichen.',
  'rule.column': 'Diese Spalte gibt es nicht; es gibt {columns}.',
  'rule.column-count': '{count} Spalten, die Überschrift hat {max}.',
  'rule.closed-quotation': 'Ein Anführungszeichen ist nicht geschlossen.',
  'rule.once': 'Das steht schon in Zeile {firstLine}.',
  'rule.row-count': 'Mehr als {max} Zeilen; teilen Sie die Datei.',
} as const satisfies { readonly [key in keyof typeof english]: MessageText }
