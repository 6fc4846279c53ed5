"""FEEL's grammar and the parser generator's product.

Unary minus binds tighter than ``**`` and everything is left-associative, as the standard has it (DMN 1.5, 10.3.1.2).
Names with spaces reach the grammar as one NAME token, so it does not change with the names that the lexer knows.
"""

from __future__ import annotations

from typing import Any

from lark import Lark, Token, Transformer

from taktflow.expressions.tokens import FeelLexer

_GRAMMAR = r"""
start: expression

?expression: IF expression THEN expression ELSE expression      -> choice
           | FOR iterators RETURN expression                    -> each
           | (SOME | EVERY) iterators SATISFIES expression      -> quantified
           | FUNCTION LPAR parameters RPAR EXTERNAL? expression -> function
           | disjunction

iterators: iterator (COMMA iterator)*
iterator: NAME IN expression
        | NAME IN expression DOTS expression
parameters: (parameter (COMMA parameter)*)?
parameter: NAME
         | NAME COLON kind

?disjunction: conjunction
            | conjunction (OR conjunction)+                     -> either
?conjunction: comparison
            | comparison (AND comparison)+                      -> both
?comparison: additive
           | comparison _cmp additive                           -> compared
           | comparison BETWEEN additive AND additive           -> between
           | comparison IN additive                             -> inside
           | comparison IN bound                                -> inside
           | comparison IN LPAR test (COMMA test)+ RPAR         -> inside
?test: expression
     | bound
bound: _cmp additive
_cmp: CMP | LT | GT

?additive: multiplicative
         | additive (PLUS | MINUS) multiplicative               -> arithmetic
?multiplicative: power
               | multiplicative (STAR | SLASH) power            -> arithmetic
?power: unary
      | power POW unary                                         -> arithmetic
?unary: typed
      | MINUS unary                                             -> negation
?typed: postfix
      | postfix INSTANCE_OF kind                                -> instance
?postfix: primary
        | postfix DOT NAME                                      -> path
        | postfix LSQB expression RSQB                          -> filtered
        | postfix LPAR (argument (COMMA argument)*)? RPAR       -> call
argument: expression
        | NAME COLON expression

?primary: NUMBER                                                -> number
        | STRING                                                -> text
        | AT                                                    -> temporal
        | (TRUE | FALSE | NULL)                                 -> constant
        | NAME                                                  -> name
        | LPAR expression RPAR                                  -> grouped
        | LPAR bound RPAR                                       -> half_open
        | (LSQB | LPAR | RANGE_OPEN) additive DOTS additive (RSQB | RPAR | RANGE_CLOSE) -> interval
        | LSQB (expression (COMMA expression)*)? RSQB           -> listed
        | LBRACE (entry (COMMA entry)*)? RBRACE                 -> context
entry: (NAME | STRING) COLON expression

kind: (NAME | NULL | FUNCTION)
    | NAME (DOT NAME)+                                          -> imported
    | NAME LT (kind (COMMA kind)*)? GT                          -> generic
    | NAME LT NAME COLON kind (COMMA NAME COLON kind)* GT       -> structure
    | FUNCTION LT (kind (COMMA kind)*)? GT ARROW kind           -> signature

%declare IF THEN ELSE FOR RETURN SOME EVERY SATISFIES FUNCTION NAME IN DOTS COMMA COLON OR AND CMP LT GT BETWEEN
%declare LPAR RPAR LSQB RSQB LBRACE RBRACE RANGE_OPEN RANGE_CLOSE PLUS MINUS STAR SLASH POW INSTANCE_OF DOT NUMBER
%declare EXTERNAL STRING AT TRUE FALSE NULL ARROW
"""


def parser(reader: Transformer[Token, Any]) -> Lark:
    """A new LALR(1) parser whose trees are made by ``reader``; building it costs some 100 ms, so keep it."""
    return Lark(_GRAMMAR, parser="lalr", lexer=FeelLexer, transformer=reader, maybe_placeholders=False)
