-- Telephone User Part (ITU-T Q.721 to Q.725, China GF 001-9001) for Wireshark and tshark.
-- README.md in this folder says how to install it.
--
-- The routing label of MTP3 ends in the middle of the circuit identification code: ITU-T has its bits 1-4 as SLS and
-- bits 5-12 in the first octet behind the label; China has bits 1-8 in the last octet of the label and bits 9-12 in the
-- first one behind it. Wireshark hands over what is behind the label, so the rest is fetched from the fields before.

local tup = Proto("tup", "Telephone User Part")

local AUTOMATIC, ITU, CHINA = 0, 1, 2
tup.prefs.variant = Pref.enum("Variant", AUTOMATIC,
  "Whose TUP. Automatic: as the MTP3 label is; ITU-T where there is none (M3UA)",
  { { 1, "Automatic", AUTOMATIC }, { 2, "ITU-T", ITU }, { 3, "China", CHINA } }, false)

local mtp3_sls = Field.new("mtp3.sls")
local m3ua_sls = Field.new("m3ua.protocol_data_sls")

-- Names ---------------------------------------------------------------------------------------------------------------

local GROUPS = {
  [1] = "Forward address", [2] = "Forward set-up", [3] = "Backward set-up request", [4] = "Successful backward set-up",
  [5] = "Unsuccessful backward set-up", [6] = "Call supervision", [7] = "Circuit supervision",
  [8] = "Circuit group supervision", [10] = "Circuit network management", [12] = "National successful backward set-up",
  [13] = "National call supervision", [14] = "National unsuccessful backward set-up", [15] = "National area use",
}

-- By heading octet: H0 in bits 1-4, H1 in bits 5-8 (Q.723 table 3).
local MESSAGES = {
  [0x11] = { "IAM", "Initial address" }, [0x21] = { "IAI", "Initial address with additional information" },
  [0x31] = { "SAM", "Subsequent address, one or more signals" }, [0x41] = { "SAO", "Subsequent address, one signal" },
  [0x12] = { "GSM", "General forward set-up information" }, [0x32] = { "COT", "Continuity" },
  [0x42] = { "CCF", "Continuity failure" }, [0x13] = { "GRQ", "General request" }, [0x14] = { "ACM", "Address complete" },
  [0x24] = { "CHG", "Charging" }, [0x15] = { "SEC", "Switching equipment congestion" },
  [0x25] = { "CGC", "Circuit group congestion" }, [0x35] = { "NNC", "National network congestion" },
  [0x45] = { "ADI", "Address incomplete" }, [0x55] = { "CFL", "Call failure" },
  [0x65] = { "SSB", "Subscriber busy (electrical)" }, [0x75] = { "UNN", "Unallocated number" },
  [0x85] = { "LOS", "Line out of service" }, [0x95] = { "SST", "Send special information tone" },
  [0xA5] = { "ACB", "Access barred" }, [0xB5] = { "DPN", "Digital path not provided" },
  [0xC5] = { "MPR", "Misdialled trunk prefix" }, [0xF5] = { "EUM", "Extended unsuccessful backward set-up" },
  [0x06] = { "ANU", "Answer, unqualified" }, [0x16] = { "ANC", "Answer, charge" }, [0x26] = { "ANN", "Answer, no charge" },
  [0x36] = { "CBK", "Clear back" }, [0x46] = { "CLF", "Clear forward" }, [0x56] = { "RAN", "Reanswer" },
  [0x66] = { "FOT", "Forward transfer" }, [0x76] = { "CCL", "Calling party clear" }, [0x17] = { "RLG", "Release guard" },
  [0x27] = { "BLO", "Blocking" }, [0x37] = { "BLA", "Blocking acknowledgement" }, [0x47] = { "UBL", "Unblocking" },
  [0x57] = { "UBA", "Unblocking acknowledgement" }, [0x67] = { "CCR", "Continuity check request" },
  [0x77] = { "RSC", "Reset circuit" }, [0x18] = { "MGB", "Maintenance group blocking" },
  [0x28] = { "MBA", "Maintenance group blocking acknowledgement" }, [0x38] = { "MGU", "Maintenance group unblocking" },
  [0x48] = { "MUA", "Maintenance group unblocking acknowledgement" },
  [0x58] = { "HGB", "Hardware failure group blocking" },
  [0x68] = { "HBA", "Hardware failure group blocking acknowledgement" },
  [0x78] = { "HGU", "Hardware failure group unblocking" },
  [0x88] = { "HUA", "Hardware failure group unblocking acknowledgement" }, [0x98] = { "GRS", "Circuit group reset" },
  [0xA8] = { "GRA", "Circuit group reset acknowledgement" }, [0xB8] = { "SGB", "Software generated group blocking" },
  [0xC8] = { "SBA", "Software generated group blocking acknowledgement" },
  [0xD8] = { "SGU", "Software generated group unblocking" },
  [0xE8] = { "SUA", "Software generated group unblocking acknowledgement" },
  [0x1A] = { "ACC", "Automatic congestion control information" },
}

-- Only China has these; ITU-T leaves groups 12 to 15 to each nation.
local CHINESE = {
  [0x2C] = { "MPM", "Metering pulse" }, [0x1D] = { "OPR", "Operator" }, [0x1E] = { "SLB", "Subscriber local busy" },
  [0x2E] = { "STB", "Subscriber toll busy" }, [0x1F] = { "MAL", "Malicious call identification" },
}

local CATEGORIES = {
  [0] = "Unknown", [1] = "Operator, French", [2] = "Operator, English", [3] = "Operator, German",
  [4] = "Operator, Russian", [5] = "Operator, Spanish", [6] = "By mutual agreement (China: operator, Chinese)",
  [7] = "By mutual agreement", [8] = "By mutual agreement (China: operator, Japanese)", [9] = "National operator",
  [10] = "Ordinary subscriber", [11] = "Subscriber with priority", [12] = "Data call", [13] = "Test call",
  [16] = "Ordinary, no charge (China)", [17] = "Ordinary, periodic (China)",
  [18] = "Ordinary, subscriber meter (China)", [19] = "Ordinary, printer (China)", [20] = "Priority, no charge (China)",
  [21] = "Priority, periodic (China)", [24] = "Ordinary, between local exchanges (China)",
}
local NATURES = { [0] = "Subscriber number", [2] = "National (significant) number", [3] = "International number" }
local CIRCUITS = { [0] = "No satellite circuit", [1] = "One satellite circuit" }
local CHECKS = { [0] = "Not required", [1] = "Required on this circuit", [2] = "Performed on a previous circuit" }
local KINDS = { [0] = "Address complete (ADX unspecified)", [1] = "Charge", [2] = "No charge", [3] = "Coin box" }
local LEVELS = { [1] = "Congestion level 1", [2] = "Congestion level 2" }
local FAILURES = { [1] = "Subscriber busy" }
local IDENTITIES = { [1] = "Signalling point code", [2] = "Available part of the calling line identity" }
local GROUP_CALLS = {
  [0] = "Ordinary call", [1] = "Checked", [2] = "Outgoing access allowed", [3] = "Outgoing access not allowed",
}

-- Fields --------------------------------------------------------------------------------------------------------------

local f = {}

local function number(name, text, mask, values)
  f[name] = ProtoField.uint8("tup." .. name, text, base.DEC, values, mask)
end

local function flag(name, text, mask)
  f[name] = ProtoField.bool("tup." .. name, text, 8, nil, mask)
end

local function text(name, title)
  f[name] = ProtoField.string("tup." .. name, title)
end

local function octets(name, title)
  f[name] = ProtoField.bytes("tup." .. name, title)
end

f.cic = ProtoField.uint16("tup.cic", "Circuit identification code", base.DEC)
f.heading = ProtoField.uint8("tup.heading", "Heading code", base.HEX)
text("message", "Message")
number("h0", "H0, message group", 0x0F, GROUPS)
number("h1", "H1", 0xF0)
number("calling_party_category", "Calling party's category", 0x3F, CATEGORIES)
number("nature_of_address", "Nature of address", 0x03, NATURES)
number("nature_of_circuit", "Nature of circuit", 0x0C, CIRCUITS)
number("continuity_check", "Continuity check", 0x30, CHECKS)
flag("outgoing_echo_suppressor", "Outgoing half echo suppressor included", 0x40)
flag("incoming_international_call", "Incoming international call", 0x80)
flag("redirected_call", "Redirected call", 0x01)
flag("all_digital_path", "All-digital path required", 0x02)
flag("signalling_path", "Signalling System No. 7 all the way", 0x04)
number("number_of_address_signals", "Number of address signals", 0xF0)
text("digits", "Address signals")

-- An octet of flags, bit 1 first. The same name may stand for another bit in another message, so each has its own key.
local function flags(prefix, list)
  local keys = {}
  for place, item in ipairs(list) do
    keys[place] = prefix .. item[1]
    f[keys[place]] = ProtoField.bool("tup." .. item[1], item[2], 8, nil, 2 ^ (place - 1))
  end
  return keys
end

local INFORMATION = flags("information ", {
  { "has_network_capability", "Network capability or user facility information" },
  { "has_closed_user_group", "Closed user group information" },
  { "has_additional_calling_party", "Additional calling party information" },
  { "has_additional_routing", "Additional routing information" },
  { "has_calling_line_identity", "Calling line identity" },
  { "has_original_called_address", "Original called address" },
  { "has_charging_information", "Charging information" },
})
local RESPONSE = flags("response ", {
  { "has_calling_party_category", "Calling party's category" },
  { "has_calling_line_identity", "Calling line identity" },
  { "has_incoming_trunk", "Incoming trunk and transit exchange identity" },
  { "has_original_called_address", "Original called address" },
  { "outgoing_echo_suppressor", "Outgoing half echo suppressor included" },
  { "malicious_call_identification", "Malicious call identification provided" },
  { "hold", "Hold provided" },
})
local REQUEST = flags("request ", {
  { "asks_calling_party_category", "Calling party's category" },
  { "asks_calling_line_identity", "Calling line identity" },
  { "asks_original_called_address", "Original called address" },
  { "asks_malicious_call_identification", "Malicious call identification encountered" },
  { "asks_hold", "Hold" },
  { "asks_outgoing_echo_suppressor", "Outgoing half echo suppressor" },
})

number("address_complete_type", "Type of address complete", 0x03, KINDS)
flag("subscriber_free", "Subscriber free", 0x04)
flag("incoming_echo_suppressor", "Incoming half echo suppressor included", 0x08)
flag("call_forwarded", "Call forwarded", 0x10)
f.complete_path = ProtoField.bool("tup.signalling_path", "Signalling System No. 7 all the way", 8, nil, 0x20)
local COMPLETE = {
  "address_complete_type", "subscriber_free", "incoming_echo_suppressor", "call_forwarded", "complete_path",
}

for _, part in ipairs({ "calling_line_identity", "original_called_address" }) do
  number(part .. ".nature_of_address", "Nature of address", 0x03, NATURES)
  number(part .. ".number_of_address_signals", "Number of address signals", 0xF0)
  text(part .. ".digits", "Address signals")
end
flag("calling_line_identity.presentation_restricted", "Presentation restricted", 0x04)
flag("calling_line_identity.incomplete", "Incomplete", 0x08)
number("closed_user_group.call_indicator", "Closed user group indicator", 0x03, GROUP_CALLS)
text("closed_user_group.interlock_digits", "Interlock code, digits")
f["closed_user_group.interlock_binary"] =
  ProtoField.uint16("tup.closed_user_group.interlock_binary", "Interlock code, binary part", base.DEC)
number("incoming_trunk.identity_type", "Identity type", 0x03, IDENTITIES)
number("incoming_trunk.exchange_point_code.length", "Exchange identity length", 0xF0)
f["incoming_trunk.exchange_point_code.point_code"] =
  ProtoField.uint32("tup.incoming_trunk.exchange_point_code.point_code", "Point code of the exchange", base.DEC)
number("incoming_trunk.exchange_digits.length", "Number of digits of the exchange identity", 0xF0)
text("incoming_trunk.exchange_digits.digits", "Exchange identity")
number("incoming_trunk.trunk_length", "Incoming trunk identity length", 0xF0)
octets("incoming_trunk.trunk", "Incoming trunk identity")
number("unsuccessful_indicator", "Unsuccessful indicator", 0x0F, FAILURES)
f.point_code = ProtoField.uint32("tup.point_code", "Point code where the EUM began", base.DEC)
number("congestion_level", "Congestion level", 0x03, LEVELS)
f.pulses = ProtoField.uint16("tup.pulses", "Pulses per unit of charging time", base.DEC)
octets("charging_information", "Charging information")
f.range = ProtoField.uint8("tup.range", "Range", base.DEC)
text("status", "Status, from the circuit of the label on")
octets("rest", "Octets that are not read")

local all = {}
for _, field in pairs(f) do
  all[#all + 1] = field
end
tup.fields = all

local e_short = ProtoExpert.new("tup.short", "Message ends within a field", expert.group.MALFORMED, expert.severity.ERROR)
local e_spare = ProtoExpert.new("tup.spare_identity", "Identity type is spare: what follows cannot be read",
  expert.group.UNDECODED, expert.severity.WARN)
local e_unknown = ProtoExpert.new("tup.unknown", "The variant has no such message", expert.group.UNDECODED,
  expert.severity.WARN)
local e_rest = ProtoExpert.new("tup.unread", "Octets behind the fields that are known", expert.group.UNDECODED,
  expert.severity.NOTE)
tup.experts = { e_short, e_spare, e_unknown, e_rest }

-- Reading -------------------------------------------------------------------------------------------------------------

-- What is thrown to leave a message early; `expert` says why.
local function stop(why)
  error({ expert = why }, 0)
end

local Reader = {}
Reader.__index = Reader

local function reader(tvb, chinese)
  return setmetatable({ tvb = tvb, at = 0, chinese = chinese }, Reader)
end

function Reader:left()
  return self.tvb:len() - self.at
end

-- The next `count` octets; nil for none.
function Reader:take(count)
  if count > self:left() then
    stop(e_short)
  end
  local range = count > 0 and self.tvb(self.at, count) or nil
  self.at = self.at + count
  return range
end

local function bits(value, low, count)
  return math.floor(value / 2 ^ low) % 2 ^ count
end

local DIGITS = "0123456789ABCDEF"

-- Address signals, the first in the low half of its octet: A, D, E spare, B code 11, C code 12, F ST.
function Reader:digits(tree, name, count)
  local range = self:take(math.ceil(count / 2))
  local found = {}
  for place = 0, count - 1 do
    local signal = bits(range(math.floor(place / 2), 1):uint(), place % 2 * 4, 4)
    found[#found + 1] = DIGITS:sub(signal + 1, signal + 1)
  end
  local signals = table.concat(found)
  local _ = range and tree:add(f[name], range, signals) or tree:add(f[name], signals)
  return signals
end

-- One octet that holds all of `names`.
function Reader:octet(tree, names)
  local range = self:take(1)
  for _, name in ipairs(names) do
    tree:add(f[name], range)
  end
  return range:uint()
end

function Reader:point_code(tree, name)
  local range = self:take(self.chinese and 3 or 2)
  local code = range:le_uint()
  if not self.chinese then
    code = code % 2 ^ 14
  end
  tree:add(f[name], range, code)
end

-- A part with a tree of its own.
function Reader:part(tree, title, read)
  local from = self.at
  local branch = tree:add(tup, self.tvb(from), title)
  read(branch)
  branch:set_len(self.at - from)
end

function Reader:identity(tree, title, part, flags)
  self:part(tree, title, function(branch)
    local names = { part .. ".nature_of_address" }
    for _, name in ipairs(flags) do
      names[#names + 1] = part .. "." .. name
    end
    names[#names + 1] = part .. ".number_of_address_signals"
    local first = self:octet(branch, names)
    branch:append_text(": " .. self:digits(branch, part .. ".digits", bits(first, 4, 4)))
  end)
end

function Reader:calling_line(tree)
  self:identity(tree, "Calling line identity", "calling_line_identity", { "presentation_restricted", "incomplete" })
end

function Reader:original_called(tree)
  self:identity(tree, "Original called address", "original_called_address", {})
end

function Reader:closed_user_group(tree)
  self:part(tree, "Closed user group information", function(branch)
    self:octet(branch, { "closed_user_group.call_indicator" })
    self:digits(branch, "closed_user_group.interlock_digits", 4)
    branch:add_le(f["closed_user_group.interlock_binary"], self:take(2))
  end)
end

function Reader:incoming_trunk(tree)
  self:part(tree, "Incoming trunk and transit exchange identity", function(branch)
    local range = self:take(1)
    local kind, length = bits(range:uint(), 0, 2), bits(range:uint(), 4, 4)
    branch:add(f["incoming_trunk.identity_type"], range)
    if kind == 1 then
      branch:add(f["incoming_trunk.exchange_point_code.length"], range)
      self:point_code(branch, "incoming_trunk.exchange_point_code.point_code")
    elseif kind == 2 then
      branch:add(f["incoming_trunk.exchange_digits.length"], range)
      self:digits(branch, "incoming_trunk.exchange_digits.digits", length)
    else
      stop(e_spare)
    end
    local size = bits(self:octet(branch, { "incoming_trunk.trunk_length" }), 4, 4)
    if size > 0 then
      branch:add(f["incoming_trunk.trunk"], self:take(size))
    end
  end)
end

-- Messages: each reads what is behind the heading and returns what the Info column shows of it ----------------------

local function initial(r, tree)
  r:octet(tree, { "calling_party_category" })
  r:octet(tree, { "nature_of_address", "nature_of_circuit", "continuity_check", "outgoing_echo_suppressor",
    "incoming_international_call" })
  local last = r:octet(tree, { "redirected_call", "all_digital_path", "signalling_path", "number_of_address_signals" })
  return r:digits(tree, "digits", bits(last, 4, 4))
end

local function initial_with_information(r, tree)
  local digits = initial(r, tree)
  local branch = tree:add(tup, r.tvb(r.at), "First indicator octet")
  local said = r:octet(branch, INFORMATION)
  branch:set_len(1)
  -- The layouts of bits A, C, D and G are national: the first of them that is there ends what can be read.
  if bits(said, 0, 1) == 1 then
    return digits
  end
  if bits(said, 1, 1) == 1 then
    r:closed_user_group(tree)
  end
  if bits(said, 2, 2) > 0 then
    return digits
  end
  if bits(said, 4, 1) == 1 then
    r:calling_line(tree)
  end
  if bits(said, 5, 1) == 1 then
    r:original_called(tree)
  end
  return digits
end

local function forward_setup(r, tree)
  local said = r:octet(tree, RESPONSE)
  if bits(said, 0, 1) == 1 then
    r:octet(tree, { "calling_party_category" })
  end
  if bits(said, 1, 1) == 1 then
    r:calling_line(tree)
  end
  if bits(said, 2, 1) == 1 then
    r:incoming_trunk(tree)
  end
  if bits(said, 3, 1) == 1 then
    r:original_called(tree)
  end
end

local function group(with_status)
  return function(r, tree)
    local range = r:take(1)
    tree:add(f.range, range)
    local circuits = range:uint() + 1
    if with_status and circuits > 1 then
      local status, flags = r:take(math.ceil(circuits / 8)), {}
      for place = 0, circuits - 1 do
        flags[#flags + 1] = string.format("%d", bits(status(math.floor(place / 8), 1):uint(), place % 8, 1))
      end
      tree:add(f.status, status, table.concat(flags))
    end
    return circuits == 1 and "1 circuit" or string.format("%d circuits", circuits)
  end
end

local READ = {
  IAM = initial,
  IAI = initial_with_information,
  SAM = function(r, tree)
    return r:digits(tree, "digits", bits(r:octet(tree, { "number_of_address_signals" }), 4, 4))
  end,
  SAO = function(r, tree) return r:digits(tree, "digits", 1) end,
  GSM = forward_setup,
  GRQ = function(r, tree) r:octet(tree, REQUEST) end,
  ACM = function(r, tree)
    local said = r:octet(tree, COMPLETE)
    return KINDS[bits(said, 0, 2)] .. (bits(said, 2, 1) == 1 and ", subscriber free" or "")
  end,
  CHG = function(r, tree)
    if r:left() > 0 then
      tree:add(f.charging_information, r:take(r:left()))
    end
  end,
  EUM = function(r, tree) r:octet(tree, { "unsuccessful_indicator" }); r:point_code(tree, "point_code") end,
  ACC = function(r, tree) r:octet(tree, { "congestion_level" }) end,
  MPM = function(r, tree) tree:add_le(f.pulses, r:take(2)) end,
  GRS = group(false),
}
for _, name in ipairs({ "MGB", "MBA", "MGU", "MUA", "HGB", "HBA", "HGU", "HUA", "GRA", "SGB", "SBA", "SGU", "SUA" }) do
  READ[name] = group(true)
end

-- The circuit ---------------------------------------------------------------------------------------------------------

local function last(...)
  return select("#", ...) > 0 and select(select("#", ...), ...) or nil
end

-- The SLS field as sent, and whether the label is a Chinese one. Of several in a packet the last is the message's own.
local function routing()
  local m3ua, label = last(m3ua_sls()), last(mtp3_sls())
  local variant = tup.prefs.variant
  if m3ua then -- first, as Wireshark shows an MTP3 field of its making here too
    return m3ua.value, variant == CHINA
  end
  if not label then
    return 0, variant == CHINA
  end
  -- The SLS is four octets with the point codes of ITU-T, the seventh octet with those of China. Wireshark shows four
  -- bits of that one; the other four are CIC bits 5-8.
  local alone = label.len == 1
  local chinese = variant == CHINA or variant == AUTOMATIC and alone
  return chinese and alone and label.range:uint() or label.value, chinese
end

-- Dissection ----------------------------------------------------------------------------------------------------------

local function read_message(r, tree, pinfo, cic)
  local heading = r:take(1)
  local message = MESSAGES[heading:uint()] or (r.chinese and CHINESE[heading:uint()])
  local acronym = message and message[1] or string.format("heading 0x%02x", heading:uint())
  local info = string.format("%s (CIC %d)", acronym, cic)
  pinfo.cols.info = info
  tree:append_text(string.format(", %s", info))
  local branch = tree:add(f.heading, heading)
  branch:append_text(message and string.format(" (%s, %s)", message[1], message[2]) or "")
  branch:add(f.h0, heading)
  branch:add(f.h1, heading)
  branch:add(f.message, heading, acronym)
  if not message then
    branch:add_proto_expert_info(e_unknown)
  elseif READ[acronym] then
    local shown = READ[acronym](r, tree)
    if shown and shown ~= "" then
      pinfo.cols.info = info .. " " .. shown
    end
  end
  if r:left() > 0 then
    tree:add(f.rest, r:take(r:left())):add_proto_expert_info(e_rest)
  end
end

function tup.dissector(tvb, pinfo, root)
  local sls, chinese = routing()
  pinfo.cols.protocol = chinese and "TUP(China)" or "TUP(ITU)"
  local tree = root:add(tup, tvb())
  local r = reader(tvb, chinese)
  local read, trouble = pcall(function()
    local first = r:take(1)
    -- ITU: 8 bits of the octet above 4 of the SLS; China: 4 above 8, and 4 spare.
    local cic = chinese and first:uint() % 16 * 256 + sls % 256 or first:uint() * 16 + sls % 16
    tree:add(f.cic, first, cic):append_text(" (its low bits are in the routing label)")
    read_message(r, tree, pinfo, cic)
  end)
  if not read then
    if type(trouble) ~= "table" then
      error(trouble, 0)
    end
    tree:add_proto_expert_info(trouble.expert)
  end
  return tvb:len()
end

-- Service indicator 4, under MTP3 and under M3UA, which asks the same table.
DissectorTable.get("mtp3.service_indicator"):add(4, tup)
