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
  'problem.last-owner':
    'Das ist der letzte Eigentümer, der sich anmelden kann. Machen Sie erst jemand anderen dazu.',
  'problem.no-such-folder': 'Den Ordner {value} gibt es nicht.',
  'problem.is-owner': '{account} hat in seinen eigenen Ordnern alle Rechte.',
  'problem.too-many-grants':
    'Zu viele haben Rechte in {folder}, oder {value} in zu vielen Ordnern.',
  'problem.not-queued':
    'Diese Nachricht wartet nicht mehr. Die Verfolgung erzählt, was aus ihr wurde.',
  'problem.not-waiting': 'Diese Nachricht wird gerade zugestellt. Versuchen Sie es erneut.',
  'problem.switched-off': 'Die Einstellung {setting} lässt das niemanden tun.',
  'problem.not-traced': 'Über {value} ist nichts bekannt, oder nichts mehr.',
  'problem.no-such-setting': 'Die Einstellung {value} gibt es nicht.',
  'problem.setting-locked': '{value} ist durch {from} gesetzt, und das gilt. Ändern Sie es dort.',
  'problem.not-quarantined':
    'Diese Nachricht ist nicht mehr in Quarantäne: Jemand hat sie freigegeben oder gelöscht.',
  'problem.others-wait':
    'Auf diese Nachricht warten auch andere. Löschen kann sie nur ein Eigentümer.',
  'problem.no-such-recovery-address': 'Es gibt keine Adresse zur Wiederherstellung.',
  'problem.over-domain-limit':
    'Für die Domain {domain} gilt eine Grenze ({limit}: {max}), und die ist erreicht. Ein Eigentümer kann sie ändern.',
  'problem.too-often':
    'Dorthin oder von diesem Postfach wurden zu viele Links geschickt. Je Stunde sind es {perHour}.',
  'problem.export-under-way': 'Ein Export dieses Postfachs läuft schon.',
  'problem.export-too-often': 'Ein Postfach wird höchstens {perDay}-mal am Tag exportiert.',
  'rule.address-elsewhere':
    'Post an {value} kommt wieder in dieses Postfach. Geben Sie eine Adresse anderswo an.',
  'rule.count': 'Eine Zahl bis {max}.',
  'problem.differs': '{value} gibt es schon, und zwar anders.',
  'problem.same-table': '{value} ist die Tabelle, die benutzt wird.',
  'problem.still-running': 'Der Dienst läuft noch darauf.',
  'problem.no-such-access-table': 'In der Tabelle {value} steht nichts.',
  'problem.no-such-access-entry': '{value} steht nicht mehr in {table}.',
  'problem.no-such-selector': '{domain} hat keinen Schlüssel {value}.',
  'problem.no-such-job': 'Den Auftrag {value} gibt es nicht, oder nicht mehr.',
  'problem.no-such-app-password': 'Dieses App-Passwort ist schon entfernt.',
  'problem.too-many':
    'Davon kann es höchstens {max} geben. Entfernen Sie eines, das niemand benutzt.',
  'problem.no-such-session': 'Diese Sitzung ist schon beendet.',
  'problem.wrong-answer':
    'Das stimmt nicht oder kommt zu spät. Versuchen Sie es erneut; bleibt es dabei, beginnen Sie neu.',
  'problem.no-such-token': 'Dieses Token ist schon widerrufen.',
  'problem.no-such-link':
    'Dieser Link wurde schon benutzt, ist älter als 24 Stunden oder durch einen anderen ersetzt. Bitten Sie um einen neuen.',
  'problem.no-such-script': 'Den Filter {value} gibt es nicht.',
  'problem.wrong-script': 'So arbeitet der Filter nicht. Was falsch ist, steht unter den Zeilen.',
  'problem.script-is-active': '{value} ist aktiv. Aktivieren Sie vorher einen anderen oder keinen.',
  'problem.no-such-source': 'Es gibt keine Quelle {value}.',
  'problem.source-in-use': '{accounts} Konten sind noch bei {value}.',
  'problem.no-such-message': 'Diese Nachricht ist nicht mehr in {folder}.',
  'problem.invalid': 'Hier stimmt etwas nicht: {detail}',
  'problem.temporary-failure':
    'Das geht gerade nicht. Nichts wurde geändert; versuchen Sie es gleich noch einmal.',
  'problem.internal-error':
    'Im Server ging etwas schief. Wer ihn betreibt, findet es im Log unter dieser Nummer: {requestId}',
  'problem.still-in-hand': 'Dasselbe geschieht bereits. Warten Sie einen Moment.',
  'problem.outcome-unknown':
    'Das ist fehlgeschlagen, als ein Teil schon getan war. Sehen Sie nach, was da ist, bevor Sie es noch einmal versuchen.',
  'problem.done-already': 'Das ist schon geschehen.',
  'problem.rehearsal-too-large':
    'Das ist zu viel, um es auf einmal zu proben. Wählen Sie weniger aus.',

  'warning.no-postmaster': 'Niemand liest nun Mail an postmaster von {domain}.',
  'warning.alias-comes-first': '{address} ist auch ein Alias: Mail geht dahin, wohin er führt.',
  'warning.account-gets-nothing':
    'Das Konto {address} erhält nun keine Mail: Der Alias führt anderswohin.',
  'warning.mail-fails': 'Mail an {alias} scheitert bei {address}.',
  'warning.still-led-to': 'Aliasse führen noch zu {address}: {aliases}.',
  'warning.sender-not-allowed':
    '{sender} wird künftig nicht hereingelassen: Die Tabelle {table} nimmt so einen Absender nicht.',
  'warning.no-allow-table':
    '{sender} wird künftig nicht hereingelassen: Dafür ist keine Tabelle gesetzt. Setzen Sie quarantineAllowTable auf einen Namen, etwa welcome, und lassen Sie smtpdSenderRestrictions sie fragen: check_sender_access table:welcome',
  'warning.code-permits':
    '{key} {result}: Eine Zahl allein heißt OK. Schreiben Sie einen Text dahinter, oder REJECT.',
  'warning.network-order':
    '{key} liegt in {within}, das davor stand; hier zählt das kleinere Netz zuerst.',

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
  'rule.password':
    'Ein Passwort hat mindestens {charactersMin} Zeichen und höchstens {bytesMax} Bytes.',
  'rule.password-or-hash': 'Geben Sie ein Passwort an.',
  'rule.one-of': 'Erlaubt: {allowed}.',
  'rule.too-many-to-sort':
    'Mehr als {max} Einträge werden nicht sortiert. Wählen Sie eine Domain oder suchen Sie etwas.',
  'rule.some-change': 'Es gibt nichts zu ändern.',
  'rule.one-line': 'Eine Zeile mit 1 bis {charactersMax} Zeichen.',
  'rule.column': 'Diese Spalte gibt es nicht; es gibt {columns}.',
  'rule.column-count': '{count} Spalten, die Überschrift hat {max}.',
  'rule.closed-quotation': 'Ein Anführungszeichen ist nicht geschlossen.',
  'rule.once': 'Das steht schon in Zeile {firstLine}.',
  'rule.row-count': 'Mehr als {max} Zeilen; teilen Sie die Datei.',
  'rule.hash': 'Das ist kein Passwort-Hash, der sich hier prüfen lässt.',
  'rule.rights': 'Erlaubt: Buchstaben aus {letters}.',
  'rule.queue-id': 'Das ist nicht die Nummer einer Nachricht.',
  'rule.age': 'Erlaubt: {allowed}.',
  'rule.cursor': 'Hier geht die Liste nicht mehr weiter. Laden Sie sie neu.',
  'rule.ip-address': 'Das ist keine IP-Adresse.',
  'rule.setting': '{problem}',
  'rule.setting-count': '1 bis {max} Einstellungen auf einmal.',
  'rule.reloadable':
    'Das kann sich nicht im Betrieb ändern. Setzen Sie es in der Konfigurationsdatei und starten Sie neu.',
  'rule.in-file':
    'Das ist ein Geheimnis oder nennt eine Datei. Setzen Sie es in der Konfigurationsdatei.',
  'rule.passwd-line':
    'Kein address:hash, und die Datei hat keine Überschrift wie address,password.',
  'rule.not-both': 'Geben Sie ein Passwort an oder seinen Hash, nicht beides.',
  'rule.table-name': 'Buchstaben, Ziffern, Punkte, Bindestriche und Unterstriche, höchstens 64.',
  'rule.access-key': 'Das ist keine Adresse, keine Domain, keine IP-Adresse und kein Netz.',
  'rule.result-text': 'Eine Zeile mit höchstens {bytesMax} Bytes.',
  'rule.result': 'Das ist kein Ergebnis: {problem}',
  'rule.key-and-result': 'Ein Schlüssel und ein Ergebnis, mit Leerzeichen dazwischen.',
  'rule.no-patterns': 'Tabellen enthalten hier Namen, Adressen und Netze, keine Muster.',
  'rule.no-conditions':
    'Tabellen kennen hier kein if, endif und !. Schreiben Sie die Netze, die gemeint sind.',
  'rule.future-time': 'Ein Zeitpunkt in der Zukunft, oder {allowed}.',
  'rule.role-domains': 'Diese Rolle wird mit {min} bis {max} Domains gegeben.',
  'rule.selector': 'Teile aus Kleinbuchstaben, Ziffern und Bindestrichen, mit Punkten dazwischen.',
  'rule.script-name': '1 bis {charactersMax} Zeichen.',
  'rule.script-bytes': 'Ein Filter hat höchstens {max} Bytes.',
  'rule.scripts-bytes': 'Alle Filter zusammen haben höchstens {max} Bytes.',
  'rule.rule-count': 'Es kann höchstens {max} Regeln geben.',
  'rule.endpoint': 'Ein Ort wie {example}.',
  'rule.date': 'Ein Datum, und nicht vor dem ersten Tag.',
  'rule.text': '1 bis {charactersMax} Zeichen.',
  'rule.private-key': 'Das ist kein Schlüssel, der signieren kann: {problem}',
} as const satisfies { readonly [key in keyof typeof english]: MessageText }
