"""A phone on PJSIP (pjsua2): commands in JSON lines on standard input, events in JSON lines on standard output.

Run as `python pjsua_phone.py PORT RTP_PORT SPEECH.wav HEARD.wav SRTP [REGISTRAR_PORT USER PASSWORD]`; SRTP is `off` or
`mandatory`.
"""

import json
import sys
import threading
from queue import Empty, SimpleQueue

import pjsua2 as pj

commands: SimpleQueue = SimpleQueue()
call = earlier = player = recorder = None


def tell(event, **values):
    sys.__stdout__.write(json.dumps({"event": event, **values}) + "\n")
    sys.__stdout__.flush()


class Call(pj.Call):
    """Plays the file to the other party and records what it says, from the first media on."""

    def onCallState(self, parameters):
        info = self.getInfo()
        tell("state", state=info.stateText, code=int(info.lastStatusCode))

    def onCallMediaState(self, parameters):
        try:
            self.join_media()
        except Exception as error:  # one that leaves a callback is lost
            tell("error", text=repr(error))

    def join_media(self):
        info = self.getInfo()  # kept: its media are gone with it
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            tell("media", status=int(media.status), direction=int(media.dir))
            if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                audio = pj.AudioMedia.typecastFromMedia(self.getMedia(index))
                player.startTransmit(audio)
                audio.startTransmit(recorder)

    def onCallTransferStatus(self, parameters):
        tell("transfer", code=int(parameters.statusCode), final=bool(parameters.finalNotify))

    def onDtmfDigit(self, parameters):
        tell("dtmf", digit=parameters.digit)


class Account(pj.Account):
    def onRegState(self, parameters):
        tell("registered", code=int(parameters.code))

    def onIncomingCall(self, parameters):
        global call
        call = Call(self, parameters.callId)
        tell("incoming", uri=call.getInfo().remoteUri)
        ringing = pj.CallOpParam()
        ringing.statusCode = 180
        call.answer(ringing)


def operation(code=0):
    found = pj.CallOpParam(True)
    if code:
        found.statusCode = code
    return found


def act(command):
    global call, earlier
    kind, value = command["do"], command.get("value")
    if kind == "call":
        earlier, call = call, Call(account)
        call.makeCall(value, operation())
    elif kind == "answer":
        call.answer(operation(200))
    elif kind == "hold":
        call.setHold(operation())
    elif kind == "unhold":
        found = operation()
        found.opt.flag = pj.PJSUA_CALL_UNHOLD
        call.reinvite(found)
    elif kind == "dtmf":
        call.dialDtmf(value)
    elif kind == "transfer":  # attended: the other party of the call before to that of this one
        earlier.xferReplaces(call, operation())
    elif kind == "hangup":
        call.hangup(operation())


def read():
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


port, rtp_port, speech, heard, srtp = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]
endpoint = pj.Endpoint()
endpoint.libCreate()
settings = pj.EpConfig()
settings.logConfig.level = settings.logConfig.consoleLevel = 0
settings.uaConfig.threadCnt = 0
settings.uaConfig.mainThreadOnly = True
settings.medConfig.clockRate = settings.medConfig.sndClockRate = 8000
settings.medConfig.noVad = True
settings.medConfig.ecTailLen = 0
endpoint.libInit(settings)
transport = pj.TransportConfig()
transport.port, transport.boundAddress = port, "127.0.0.1"
endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
endpoint.libStart()
endpoint.audDevManager().setNullDev()
for codec in endpoint.codecEnum2():
    endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId.startswith("PCMA/8000") else 0)
of_account = pj.AccountConfig()
of_account.idUri = f"sip:4930{port}@127.0.0.1:{port}"
of_account.mediaConfig.transportConfig.port = rtp_port
of_account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
of_account.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY if srtp == "mandatory" else pj.PJMEDIA_SRTP_DISABLED
of_account.mediaConfig.srtpSecureSignaling = 0
if len(sys.argv) > 6:
    registrar, user, password = sys.argv[6:9]
    of_account.idUri = f"sip:{user}@127.0.0.1:{registrar}"
    of_account.regConfig.registrarUri = f"sip:127.0.0.1:{registrar}"
    of_account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
account = Account()
account.create(of_account)
player, recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
player.createPlayer(speech)
recorder.createRecorder(heard)
threading.Thread(target=read, daemon=True).start()
tell("ready", limit=settings.uaConfig.maxCalls, version=endpoint.libVersion().full)
while True:
    endpoint.libHandleEvents(10)
    try:
        command = commands.get_nowait()
    except Empty:
        continue
    if command is None:
        break
    try:
        act(command)
    except pj.Error as error:
        tell("error", text=error.info())
call = earlier = player = recorder = None
endpoint.libDestroy()
