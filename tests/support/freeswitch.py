"""A FreeSWITCH configuration in the documented form, of an office with two carriers."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "freeswitch.xml": """<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="include" data="vars.xml"/>
  <section name="configuration" description="modules">
    <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
  </section>
  <section name="dialplan" description="calls">
    <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
  </section>
  <section name="directory" description="users">
    <X-PRE-PROCESS cmd="include" data="directory/*.xml"/>
  </section>
</document>
""",
    "vars.xml": """<include>
  <X-PRE-PROCESS cmd="set" data="domain=office.example"/>
  <X-PRE-PROCESS cmd="set" data="pin=$${domain}-4711"/>
  <X-PRE-PROCESS cmd="set" data="global_codec_prefs=OPUS,PCMU@20i,PCMA"/>
  <X-PRE-PROCESS cmd="stun-set" data="external_ip=stun:stun.example"/>
</include>
""",
    "autoload_configs/event_socket.conf.xml": """<configuration name="event_socket.conf" description="ESL">
  <settings>
    <param name="listen-ip" value="::"/>
    <param name="listen-port" value="8022"/>
    <param name="password" value="open sesame"/>
  </settings>
</configuration>
""",
    "autoload_configs/switch.conf.xml": """<configuration name="switch.conf">
  <settings>
    <param name="rtp-start-port" value="20001"/>
    <param name="rtp-end-port" value="20999"/>
  </settings>
</configuration>
""",
    "autoload_configs/sofia.conf.xml": """<configuration name="sofia.conf">
  <profiles>
    <X-PRE-PROCESS cmd="include" data="../sip_profiles/*.xml"/>
  </profiles>
</configuration>
""",
    "sip_profiles/inside.xml": """<profile name="inside">
  <settings>
    <param name="auth-calls" value="true"/>
    <param name="sip-ip" value="$${local_ip_v4}"/>
    <param name="sip-port" value="5062"/>
    <param name="context" value="from-outside"/>
    <param name="inbound-codec-prefs" value="$${global_codec_prefs}"/>
    <param name="inbound-bypass-media" value="true"/>
  </settings>
</profile>
""",
    "sip_profiles/outside.xml": """<profile name="outside">
  <gateways>
    <X-PRE-PROCESS cmd="include" data="outside/*.xml"/>
  </gateways>
  <settings>
    <param name="sip-port" value="5080"/>
    <param name="context" value="from-outside"/>
    <param name="tls" value="true"/>
  </settings>
</profile>
""",
    "sip_profiles/outside/carriers.xml": """<include>
  <gateway name="carrier one">
    <param name="username" value="4930100"/>
    <param name="password" value="secret"/>
    <param name="realm" value="sip.one.example"/>
    <param name="proxy" value="192.0.2.10:5070"/>
    <param name="expire-seconds" value="600"/>
    <param name="extension" value="4930199"/>
    <param name="ping" value="25"/>
    <param name="sip-trace" value="yes"/>
  </gateway>
  <gateway name="backup">
    <param name="realm" value="192.0.2.20"/>
    <param name="username" value="none"/>
    <param name="register" value="false"/>
    <param name="caller-id-in-from" value="true"/>
  </gateway>
</include>
""",
    "directory/office.xml": """<include>
  <domain name="$${domain}">
    <params>
      <param name="dial-string" value="{presence_id=${dialed_user}}${sofia_contact(${dialed_user})}"/>
    </params>
    <groups>
      <group name="all">
        <users>
          <user id="1000">
            <params><param name="password" value="$${pin}"/><param name="vm-password" value="1"/></params>
            <variables>
              <variable name="user_context" value="inside"/>
              <variable name="effective_caller_id_number" value="1000"/>
            </variables>
          </user>
          <user id="anna" number-alias="1001">
            <params><param name="a1-hash" value="00112233445566778899aabbccddeeff"/></params>
            <variables>
              <variable name="user_context" value="inside"/>
              <variable name="effective_caller_id_number" value="4930177"/>
            </variables>
          </user>
          <user id="1002">
            <params><param name="vm-password" value="1"/></params>
          </user>
        </users>
      </group>
      <group name="sales"><users><user id="1000" type="pointer"/></users></group>
    </groups>
  </domain>
</include>
""",
    "dialplan/inside.xml": """<include>
  <context name="inside">
    <extension name="everybody" continue="true">
      <condition>
        <action application="set" data="hangup_after_bridge=true"/>
        <action application="info"/>
      </condition>
    </extension>
    <extension name="colleagues">
      <condition field="destination_number" expression="^(10\\d\\d)$">
        <action application="export" data="dialed=$1"/>
        <action application="set" data="continue_on_fail=true"/>
        <action application="bridge" data="{call_timeout=20}user/$1@$${domain}"/>
        <action application="answer"/>
        <action application="sleep" data="500"/>
        <action application="voicemail" data="default $${domain} $1"/>
      </condition>
    </extension>
    <extension name="echo">
      <condition field="destination_number" expression="^9196$">
        <action application="answer"/>
        <action application="echo"/>
      </condition>
    </extension>
    <extension name="reception">
      <condition wday="2-6" hour="8-17"/>
      <condition field="destination_number" expression="^100$">
        <action application="bridge" data="user/1000@$${domain},user/anna@$${domain}"/>
        <anti-action application="log" data="INFO not for us"/>
      </condition>
    </extension>
    <extension name="hours">
      <condition field="destination_number" expression="^200$" break="on-false"/>
      <condition time-of-day="08:30-17:00">
        <action application="transfer" data="1000 XML inside"/>
        <anti-action application="answer"/>
        <anti-action application="playback" data="/srv/sounds/closed.wav"/>
        <anti-action application="hangup" data="NORMAL_CLEARING"/>
      </condition>
    </extension>
    <extension name="by variable">
      <condition field="${toll_allow}" expression="international"/>
      <condition field="destination_number" expression="^00(\\d+)$">
        <action application="bridge" data="sofia/gateway/carrier one/+$1"/>
      </condition>
    </extension>
    <extension name="out">
      <condition field="destination_number" expression="^0(\\d+)$">
        <action application="set" data="effective_caller_id_number=4930100"/>
        <action application="bridge" data="sofia/gateway/carrier one/$1|sofia/gateway/backup/$1"/>
      </condition>
    </extension>
  </context>
</include>
""",
    "dialplan/outside.xml": """<include>
  <context name="from-outside">
    <extension name="nuisance">
      <condition field="caller_id_number" expression="^\\+?4940666">
        <action application="respond" data="486 Busy"/>
      </condition>
    </extension>
    <extension name="main number">
      <condition field="destination_number" expression="^\\+?4930(1\\d\\d)$">
        <action application="transfer" data="$1 XML inside"/>
      </condition>
    </extension>
  </context>
  <context name="nobody">
    <extension name="lost"><condition><action application="hangup"/></condition></extension>
  </context>
</include>
""",
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The files below `folder`."""
    for name, text in (FILES if files is None else files).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder
